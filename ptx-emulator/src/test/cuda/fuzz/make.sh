#!/bin/sh
# Makes the committed PTX of random kernels, and what g++ says that they compute: make.sh
#
#   generate.py  ->  resources/dev/tandem/ptx/fuzz/{o3,o0}.ptx, input.bin, expected.txt
#
# Neither compiler may contract a product and a sum to fma, for they would not choose the same ones.
set -eu
cd "$(dirname "$0")"
out=$PWD/../../resources/dev/tandem/ptx/fuzz
work=/var/tmp/tandem-ptx-fuzz
rm -rf "$work"
mkdir -p "$work" "$out"
trap 'rm -rf "$work"' EXIT
cp fuzz.h host.h "$work/"
python3 generate.py 20 36 >"$work/fuzz.cu"
cd "$work"
g++ -std=c++17 -w -O1 -fno-strict-aliasing -fwrapv -ffp-contract=off -x c++ fuzz.cu -o host
./host 20
nvcc -ptx -w -O3 --fmad=false -arch=compute_80 -o o3.ptx fuzz.cu
python3 "$OLDPWD/generate.py" 20 8 >fuzz.cu
nvcc -ptx -w -Xcicc -O0 --fmad=false -arch=compute_80 -o o0.ptx fuzz.cu
mv o3.ptx o0.ptx input.bin expected.txt "$out/"
