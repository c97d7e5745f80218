# For scripts that build against another oneDNN than the system's; not run by itself.

# use_onednn FOLDER: what `swift` must be told, in `onednn_options`, for the oneDNN in FOLDER (include/,
# lib/).
use_onednn() {
  local folder package directory
  folder="$(cd "$1" && pwd)"
  onednn_options=(--scratch-path .build/onednn -Xcc "-I$folder/include" -Xlinker "-L$folder/lib"
    -Xlinker -rpath -Xlinker "$folder/lib")
  # Folders that pkg-config names come first for the linker, and the system's oneDNN may be in them: they
  # are given this folder before.
  mkdir -p "$folder/lib/pkgconfig"
  for package in hdf5 libdeflate zlib libjpeg libpng; do
    directory="$(pkg-config --variable=pcfiledir "$package")"
    sed "s|^Libs: |Libs: -L$folder/lib |" "$directory/$package.pc" \
      >"$folder/lib/pkgconfig/$package.pc"
  done
  export PKG_CONFIG_PATH="$folder/lib/pkgconfig${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}"
}
