# ravel_add_library(NAME SOURCES... [DEPENDS targets...] [LINK_LIBS libs...])
#
# A static library of the project. LLVM and MLIR are linked as the shared
# libraries that the distribution packages; naming a static MLIR archive
# anywhere would put two copies of MLIR into one program.
function(ravel_add_library name)
  cmake_parse_arguments(ARG "" "" "DEPENDS;LINK_LIBS" ${ARGN})
  add_library(${name} STATIC ${ARG_UNPARSED_ARGUMENTS})
  if(ARG_DEPENDS)
    add_dependencies(${name} ${ARG_DEPENDS})
  endif()
  target_link_libraries(${name} PUBLIC ${ARG_LINK_LIBS} MLIR LLVM)
endfunction()

# ravel_add_tool(NAME SOURCES... [LINK_LIBS libs...])
function(ravel_add_tool name)
  cmake_parse_arguments(ARG "" "" "LINK_LIBS" ${ARGN})
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PRIVATE ${ARG_LINK_LIBS} MLIR LLVM)
endfunction()
