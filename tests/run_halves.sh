#!/bin/sh
# Runs all tests in two halves at once. Most of their time goes by in waiting for processes, brokers and pages, so two
# cores are enough for both; what the second half has to say is shown when it has ended.
pytest=$1
second="tests/payment tests/promotion tests/runtime"
said=$(mktemp)
# shellcheck disable=SC2086  the folders are words
"$pytest" $second >"$said" 2>&1 &
other=$!
trap 'kill "$other" 2>/dev/null; rm -f "$said"' EXIT
trap 'exit 130' INT TERM
# shellcheck disable=SC2046  as above
"$pytest" $(printf -- '--ignore=%s ' $second)
first_ended=$?
wait "$other"
second_ended=$?
cat "$said"
[ "$first_ended" -eq 0 ] && [ "$second_ended" -eq 0 ]
