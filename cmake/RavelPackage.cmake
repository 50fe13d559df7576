# What `cpack -G DEB` makes: what is installed, as a package of Debian.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME ravel)
set(CPACK_PACKAGE_VENDOR "Ravel developers")
set(CPACK_PACKAGE_CONTACT "Ravel developers <ravel@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "compiler for recurrent neural networks")
set(CPACK_RESOURCE_FILE_LICENSE "${PROJECT_SOURCE_DIR}/LICENSE")
set(CPACK_RESOURCE_FILE_README "${PROJECT_SOURCE_DIR}/README.md")
set(CPACK_PACKAGE_CHECKSUM SHA256)
set(CPACK_STRIP_FILES ON)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)

# ravel_VERSION_ARCHITECTURE.deb
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION devel)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
"Ravel trains recurrent networks that are written as equations, runs them, and
compiles them to objects with an interface in C that need nothing else.
.
This package has ravel itself, ravel-opt, which runs single passes,
ravel-lsp-server for editors, and a CMake package with which projects compile
models when they are built.")

# The libraries that the tools are linked with are found by dpkg-shlibdeps; the
# others are what `ravel compile` calls: lld for --emit shared, a compiler for
# --emit exe and for threads.
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "lld-22 | lld, gcc | clang-22 | c-compiler")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "cmake, libomp-22-dev")

# Folders are for everybody to read, whatever the umask of who packs them.
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE
  WORLD_READ WORLD_EXECUTE)

# Debian looks for the licence in this file.
install(FILES cmake/copyright DESTINATION "${doc_dir}")

include(CPack)
