$RUN ls -lR /etc/alternatives /usr/share/doc/bash /usr/include/linux | head -3000
$RUN ls -la --color=always /usr/bin/.. /nonexistent
