# What `cmake --install` installs: the tools, what is read, and the CMake package
# that programs compile models with.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

install(TARGETS ravel ravel-opt ravel-lsp-server
  RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")

# The same folders as in the source, so that what the pages link to is there.
set(doc_dir "${CMAKE_INSTALL_DATAROOTDIR}/doc/ravel")
install(FILES README.md LICENSE DESTINATION "${doc_dir}")
install(DIRECTORY docs examples DESTINATION "${doc_dir}"
  USE_SOURCE_PERMISSIONS
  FILES_MATCHING PATTERN "*.md" PATTERN "*.mlir" PATTERN "*.sh"
  PATTERN "*.py" PATTERN "*.c" PATTERN "*.svg" PATTERN "__pycache__" EXCLUDE)

# Tools have the prelude inside them; these are to be read and copied from.
install(DIRECTORY lib/Prelude/ DESTINATION "${CMAKE_INSTALL_DATADIR}/ravel/prelude"
  FILES_MATCHING PATTERN "*.mlir")

# Not CMAKE_INSTALL_LIBDIR, which may name a family of processors: text serves all.
set(package_dir lib/cmake/Ravel)
configure_package_config_file(cmake/RavelConfig.cmake.in
  "${PROJECT_BINARY_DIR}/RavelConfig.cmake"
  INSTALL_DESTINATION "${package_dir}"
  PATH_VARS CMAKE_INSTALL_BINDIR)
# A compiler of this machine also serves projects for machines whose pointers
# have another size. Before 1.0 a minor version may change what headers say.
write_basic_package_version_file("${PROJECT_BINARY_DIR}/RavelConfigVersion.cmake"
  COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
install(FILES
  "${PROJECT_BINARY_DIR}/RavelConfig.cmake"
  "${PROJECT_BINARY_DIR}/RavelConfigVersion.cmake"
  cmake/RavelAddModel.cmake
  DESTINATION "${package_dir}")
