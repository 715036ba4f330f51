$RUN find /usr/include -name '*.h' -size +20k -newermt 2000-01-01 | sort
$RUN find /usr/share/doc/bash -type f -exec md5sum {} +
