$RUN grep -rn 'define.*SIG[A-Z]*' /usr/include/asm-generic /usr/include/linux
$RUN grep -c -E '(a|b)+c?[0-9]{2,}' /etc/services /etc/protocols
echo "exit $?"
