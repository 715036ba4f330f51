$RUN sed -n -e 's/\([a-z]*\)[ \t]*\([0-9]*\)/\2-\1/gp' /etc/services
cp /etc/services s; $RUN sed -i '/^#/d;y/abc/ABC/' s
