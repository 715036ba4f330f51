mkdir d; cp -r /usr/share/doc/bash /etc/alternatives d/
$RUN tar --sort=name --mtime=@0 --owner=0 --group=0 -cf a.tar d
$RUN tar -tvf a.tar
mkdir e; $RUN tar -xf a.tar -C e; $RUN tar --sort=name --mtime=@0 -czf a.tgz d; tar -tzf a.tgz | md5sum; rm a.tgz
diff -r d e/d && echo same
