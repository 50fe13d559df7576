# Writes OUTPUT, a C++ source that defines ravel::detail::preludeText as the
# lines of FILES in DIRECTORY.
set(text "// Generated from the prelude's text.\nnamespace ravel::detail {\nextern const char *const preludeText[];\nconst char *const preludeText[] = {\n")
foreach(file IN LISTS FILES)
  file(READ "${DIRECTORY}/${file}" content)
  string(APPEND text "R\"PRELUDE(${content})PRELUDE\",\n")
endforeach()
string(APPEND text "nullptr};\n} // namespace ravel::detail\n")
file(WRITE "${OUTPUT}" "${text}")
