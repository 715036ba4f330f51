export GIT_AUTHOR_DATE='2020-01-01T00:00:00Z' GIT_COMMITTER_DATE='2020-01-01T00:00:00Z' GIT_CONFIG_NOSYSTEM=1
git config --global user.name T; git config --global user.email t@t; git config --global init.defaultBranch main; git config --global gc.auto 0; git config --global pack.threads 2; git config --global core.fsyncMethod writeout-only
$RUN git init -q r; cd r
for i in 1 2 3 4; do for f in a b c; do seq $((i*7)) $((i*300)) > $f$i; echo $i >> all; done; $RUN git add -A; $RUN git commit -q -m "commit $i"; done
$RUN git log --stat --format='%H %an %s'
$RUN git diff HEAD~2 --stat; $RUN git status --short; $RUN git gc -q
$RUN git rev-list --count HEAD; cd ..; $RUN git clone -q r r2; cd r2; $RUN git log --oneline; $RUN git fsck 2>&1; cd ..
rm -rf r r2 .gitconfig
