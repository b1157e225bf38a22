#!/bin/sh
# Unpacks Debian packages into a folder, without installing them: infra/install_debian.sh FOLDER PACKAGE[=VERSION]...
# A version that the mirrors have dropped is taken in the one they have now.
set -eu
folder=$1
shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

download() { (cd "$work" && apt-get download -qq "$@"); }
# The last resort is for a machine that has never asked its mirrors, or long ago; it wants root.
for package in "$@"; do
    download "$package" 2> /dev/null || download "${package%%=*}" 2> /dev/null ||
        { apt-get update -qq && download "${package%%=*}"; }
done
mkdir -p "$folder"
for file in "$work"/*.deb; do
    dpkg-deb --extract "$file" "$folder"
done
