# One page over HTTP. Says when it starts and every request it gets; stops at once when it is told to.
trap 'echo "front: stopping"; kill "$server" 2>/dev/null; exit 0' TERM INT
echo "front: serving /www on port 8080 in ${SLIPWAY_PLACE:-an unnamed place}"
httpd -f -vv -p 8080 -h /www &
server=$!
wait "$server"
