#!/bin/sh
# setup-rust.sh DIR TARGET
# Brings a Rust that builds for TARGET (wasm32-wasip1 or wasm32-wasip2) into the folder DIR, whose toolchain/bin/ has cargo and
# rustc: the machine's own Rust, with a standard library for TARGET that is built here of Debian's rust-src of the same version
# and Debian's wasi-libc. Network and registries that have rustup's targets are not needed.
set -eu
dir=$1
target=$2
case $target in
  # Debian's wasi-libc calls it as it was called before there was another.
  wasm32-wasip1) libc=wasm32-wasi ;;
  *) libc=$target ;;
esac
version=$(rustc --version | cut -d ' ' -f 2)
apt=$dir/apt
mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial" "$apt/sources" "$dir/root"
: >"$apt/status"
for suite in trixie-backports sid; do
  for file in /etc/apt/sources.list.d/*.sources; do
    sed "s/^Suites:.*/Suites: $suite/" "$file"
    echo
  done | awk 'BEGIN { RS = ""; ORS = "\n\n" } !/security/'
done >"$apt/sources/debian.sources"
cat >"$apt/conf" <<END
Dir::Etc::sourcelist "/dev/null"; Dir::Etc::sourceparts "$apt/sources"; Dir::State::lists "$apt/lists";
Dir::State::status "$apt/status"; Dir::Cache "$apt/cache"; APT::Sandbox::User "root"; Acquire::Languages "none";
END
export APT_CONFIG="$apt/conf"
apt-get -qq update
package=$(apt-cache madison rust-src | awk -v version="$version" 'index($3, version "+") == 1 { print $3; exit }')
[ -n "$package" ] || {
  echo "error: Debian has no rust-src of Rust $version: install another Rust, or rustup target add $target" >&2
  exit 1
}
cd "$dir"
apt-get -qq download "rust-src=$package" wasi-libc/sid
dpkg-deb --fsys-tarfile rust-src_*.deb | tar -x -C root "./usr/src/rustc-$version/library"
dpkg-deb -x wasi-libc_*.deb root
rm -rf ./*.deb "$apt"

# Hard links where that is possible: the toolchain is large.
cp -al "$(rustc --print sysroot)" toolchain 2>/dev/null || cp -a "$(rustc --print sysroot)" toolchain
mkdir -p toolchain/lib/rustlib/src/rust
mv "root/usr/src/rustc-$version/library" toolchain/lib/rustlib/src/rust/library
library=$dir/toolchain/lib/rustlib/$target/lib
# Nothing may be written through a link into the machine's own.
rm -rf "$library"
mkdir -p "$library/self-contained" build/src
cp "root/usr/lib/$libc/crt1-command.o" "root/usr/lib/$libc/crt1-reactor.o" "root/usr/lib/$libc/libc.a" \
  "$library/self-contained/"
: >build/src/lib.rs
printf '[package]\nname = "std-of-target"\nversion = "0.1.0"\nedition = "2021"\n[workspace]\n' >build/Cargo.toml
cd build
# The standard library is built by the compiler that it belongs to, which takes a stable one's leave.
RUSTC_BOOTSTRAP=1 RUSTC=$dir/toolchain/bin/rustc RUSTFLAGS=-Cembed-bitcode=yes \
  "$dir/toolchain/bin/cargo" build --quiet --release -Z build-std=std,panic_abort,proc_macro --target $target
cp target/$target/release/deps/*.rlib "$library/"
rm -rf "$library"/libstd_of_target-* "$dir/build" "$dir/root"
