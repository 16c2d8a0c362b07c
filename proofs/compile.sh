#!/bin/sh
# Compile the Coq theory into a folder and check what it rests on.
#
#   sh proofs/compile.sh [BUILD]        BUILD defaults to proofs/build
#
# Files are compiled in the order of proofs/_CoqProject, and only those that changed (or follow one that did). Two calls may
# run at the same time, also into the same folder. Fails on `Admitted`, `admit`, `Axiom`, `Parameter` and on a theorem that
# uses an axiom that is not in the list below.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
build=${1:-$here/build}
command -v coqc > /dev/null || { echo "coqc not found: apt-get install coq" >&2; exit 2; }
files=$(sed -n 's/^theory\///p' "$here/_CoqProject")

for file in $files; do
  if grep -nE '\b(Admitted|admit|Axioms?|Parameters?|Conjecture|Hypothesis_free|bypass_check|Unset Guard|give_up)\b' "$here/theory/$file" \
      | grep -vE '^[0-9]+: *\(\*'; then
    echo "error: $file: no axioms and no gaps are allowed" >&2; exit 1
  fi
done

mkdir -p "$build"
exec 9> "$build/.lock"
command -v flock > /dev/null && flock 9

stale=no
for file in $files; do
  name=${file%.v}
  if [ $stale = no ] && [ -f "$build/$name.vo" ] && cmp -s "$here/theory/$file" "$build/$file"; then continue; fi
  stale=yes
  cp "$here/theory/$file" "$build/$file"
  rm -f "$build/$name.vo"
  (cd "$build" && coqc -q -R . Pep "$file") || { echo "error: $file does not compile" >&2; exit 1; }
done
[ $stale = yes ] || [ ! -f "$build/.assumptions-ok" ] || exit 0
rm -f "$build/.assumptions-ok"

# The axioms of the classical reals, and the machine integers in which literals are packed.
allowed='sig_not_dec|sig_forall_dec|functional_extensionality_dep|classic|int|lsr|lsl|land|lor|eqb|ltb|leb|add|sub|to_Z'
# One question about all of them: what they share is visited once.
theorems=$(sed -n 's/^(\* theorem: \([A-Za-z_0-9]*\).*/@\1/p' "$here/theory/Theorems.v" | paste -s -d ',' -)
printf '%s\n' 'From Pep Require Import Theorems.' "Definition theorems := ($theorems)." 'Print Assumptions theorems.' \
  > "$build/assumptions_check.v"
(cd "$build" && coqc -q -R . Pep assumptions_check.v) > "$build/assumptions.txt"
unknown=$(sed -n 's/^\([A-Za-z_0-9.]*\) *:.*/\1/p;s/^\([A-Za-z_0-9.]*\)$/\1/p' "$build/assumptions.txt" \
  | grep -vx 'Axioms' | sed 's/.*\.//' | sort -u | grep -vxE "$allowed" || true)
if [ -n "$unknown" ]; then echo "error: axioms that are not allowed: $unknown" >&2; exit 1; fi
touch "$build/.assumptions-ok"
