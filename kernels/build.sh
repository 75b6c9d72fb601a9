#!/bin/sh
# Makes the committed PTX: build.sh [name ...], all kernels without names. With --check it makes it in a folder of its own, compares,
# and fails where one is stale; line tables, which name the machine's headers, are left out of the comparison.
#
# nvcc writes the newest PTX version it knows. The code needs no more than what CUDA 11.8 knew, so that version is put in its place,
# and any driver for CUDA 12 loads it; the hint .pragma "used_bytes_mask", which that version does not have, is left out. ptxas, where there is one, then compiles it for each architecture that it knows of those below.
#
# The compiler writes the folder it runs in into the line table: names of sources are cut down to what comes after it.
set -eu
cd "$(dirname "$0")"
here=$PWD
ptx_version=7.8
target=compute_80
architectures="sm_80 sm_86 sm_89 sm_90 sm_100 sm_120"

out=$here
check=false
if [ "${1-}" = --check ]; then
  check=true
  shift
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if $check; then
  out=$work/made
  mkdir "$out"
fi
cp ./*.cu ./*.cuh "$work/"

# The hash of a kernel's source: its headers in the order of their names, then the file itself. StaleKernelsTest computes it too.
hash_of() {
  cat ./*.cuh "$1.cu" | sha256sum | cut -d ' ' -f 1
}

make_ptx() {
  name=$1
  options="-O3 -lineinfo -arch=$target"
  # shellcheck disable=SC2086
  (cd "$work" && nvcc -ptx $options -o "$name.raw" "$name.cu")
  {
    echo "// source: $name.cu and *.cuh, sha256: $(hash_of "$name")"
    echo "// made by: nvcc $(nvcc --version | sed -n 's/.*, V//p') -ptx $options, see build.sh"
    sed -e "s,\"$work/,\"," -e 's,^\(.*\.file.*"\)/.*/include/,\1include/,' -e "s,^\.version .*,.version $ptx_version," \
      -e '/used_bytes_mask/d' -e '/^\/\/$/d' -e '/^\/\/ \(Generated\|Compiler\|Cuda\|Based\)/d' "$work/$name.raw"
  } >"$out/$name.ptx"
  # What comes out the same as before has been through ptxas before.
  if ! $check && command -v ptxas >/dev/null; then
    for architecture in $architectures; do
      if ptxas --help | grep -q "'$architecture'"; then
        ptxas -arch="$architecture" -o /dev/null "$out/$name.ptx" || { echo "kernels: ptxas refuses $name.ptx for $architecture" >&2; exit 1; }
      fi
    done
  fi
}

code_of() {
  sed -e '1,2d' -e '/^[[:space:]]*\.\(loc\|file\)/d' -e '/\.section.*debug/,$d' "$1"
}

names="$*"
[ -n "$names" ] || names=$(for source in *.cu; do basename "$source" .cu; done)
# As many at a time as there are processors. A name that failed leaves a file that says so.
running=0
for name in $names; do
  (make_ptx "$name" || touch "$work/$name.failed") &
  running=$((running + 1))
  if [ "$running" -ge "$(nproc)" ]; then
    wait
    running=0
  fi
done
wait
for name in $names; do
  [ ! -e "$work/$name.failed" ] || exit 1
done
stale=""
if $check; then
  for name in $names; do
    code_of "$name.ptx" >"$work/committed"
    code_of "$out/$name.ptx" >"$work/now"
    cmp -s "$work/committed" "$work/now" || stale="$stale $name.ptx"
  done
fi
if [ -n "$stale" ]; then
  echo "kernels: stale PTX, got$stale; run kernels/build.sh and commit what it makes" >&2
  exit 1
fi
