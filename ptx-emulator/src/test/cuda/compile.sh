#!/bin/sh
# Makes the committed PTX of the test kernels: compile.sh [name ...], all of them without names.
#
#   unseen/<name>.cu  ->  resources/dev/tandem/ptx/unseen/<name>.{o3,o0}.{sm80,sm90}.ptx
#   bugs/<name>.cu    ->  resources/dev/tandem/ptx/bugs/<name>.ptx
#
# nvcc's own -O0 leaves device code optimised. "-Xcicc -O0" does not: it makes the PTX that -G makes (locals in memory,
# generic addresses, no contraction to fma), without its debug sections. Three kernels get the real -G, debug sections
# and all. A first line "// nvcc: ..." in a source adds options; "// nvcc, bugs: no line info" leaves out the line table.
#
# The compiler writes the folder it runs in into its output, so that it runs in one that is the same everywhere; names of
# sources are then cut down to what comes after it.
set -eu
cd "$(dirname "$0")"
here=$PWD
out=$here/../resources/dev/tandem/ptx
work=/var/tmp/tandem-ptx
debug=" saxpy reduce device_functions "
mkdir -p "$out/unseen" "$out/bugs"
rm -rf "$work"
mkdir "$work"
trap 'rm -rf "$work"' EXIT

# compile <folder> <name> <output> <options...>
compile() {
  folder=$1 name=$2 to=$out/$3
  shift 3
  extra=$(sed -n '1s,^// nvcc: ,,p' "$folder/$name.cu")
  cp "$folder/$name.cu" "$work/"
  # shellcheck disable=SC2086
  (cd "$work" && nvcc -ptx "$@" $extra -o out.ptx "$name.cu")
  {
    echo "// source: $folder/$name.cu"
    echo "// sha256: $(sha256sum "$folder/$name.cu" | cut -d ' ' -f 1)"
    echo "// made by: nvcc -ptx $*${extra:+ $extra}"
    echo "// nvcc: $(nvcc --version | sed -n 's/.*, V//p')"
    sed -e "s,\"$work/,\"," -e 's,^\(.*\.file.*"\)/.*/include/,\1include/,' "$work/out.ptx"
  } >"$to"
}

wanted() {
  [ -z "$names" ] && return 0
  case " $names " in *" $1 "*) return 0 ;; *) return 1 ;; esac
}

names="$*"
for source in unseen/*.cu; do
  name=$(basename "$source" .cu)
  wanted "$name" || continue
  slow="-Xcicc -O0"
  case "$debug" in *" $name "*) slow="-G" ;; esac
  for arch in 80 90; do
    compile unseen "$name" "unseen/$name.o3.sm$arch.ptx" -O3 -lineinfo -arch=compute_$arch
    # shellcheck disable=SC2086
    compile unseen "$name" "unseen/$name.o0.sm$arch.ptx" $slow -arch=compute_$arch
  done
done
for source in bugs/*.cu; do
  [ -e "$source" ] || continue
  name=$(basename "$source" .cu)
  wanted "$name" || continue
  lines="-lineinfo"
  grep -q '^// nvcc, bugs: no line info' "$source" && lines=""
  # shellcheck disable=SC2086
  compile bugs "$name" "bugs/$name.ptx" -O3 $lines -arch=compute_80
done
