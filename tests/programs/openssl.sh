cat /usr/include/*.h | head -c 300000 > in
for d in sha256 sha512 md5 sha1 blake2b512 sha3-256; do $RUN openssl dgst -$d in; done
for c in aes-128-cbc aes-256-gcm aes-256-ctr chacha20 camellia-128-cbc; do [ $c = aes-256-gcm ] && continue; $RUN openssl enc -$c -K 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f -iv 000102030405060708090a0b0c0d0e0f -in in -out e 2>/dev/null; md5sum e; done
openssl genrsa -out k.pem 2048 2>/dev/null; openssl ecparam -genkey -name prime256v1 -out ec.pem 2>/dev/null
$RUN openssl dgst -sha256 -sign k.pem -out sig in; openssl rsa -in k.pem -pubout -out pub 2>/dev/null; $RUN openssl dgst -sha256 -verify pub -signature sig in
$RUN openssl dgst -sha256 -sign ec.pem -out esig in; openssl ec -in ec.pem -pubout -out epub 2>/dev/null; $RUN openssl dgst -sha256 -verify epub -signature esig in
rm -f k.pem ec.pem sig pub esig epub
