# A numbered line every second, to the standard output; every tenth to the standard error as well.
trap 'echo "ticker: stopping after $number lines"; exit 0' TERM INT
number=0
echo "ticker: starting in ${SLIPWAY_PLACE:-an unnamed place}"
while true; do
  number=$((number + 1))
  echo "tick $number"
  if [ $((number % 10)) -eq 0 ]; then
    echo "ticker: $number lines so far" >&2
  fi
  sleep 1 &
  wait $!
done
