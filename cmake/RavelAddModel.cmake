# ravel_add_model(TARGET MODEL.mlir|FOLDER
#                 [WEIGHTS FILE | WEIGHTS_EXTERNAL]
#                 [ENTRY @FUNCTION] [NAME NAME]
#                 [CPU CPU | MULTIVERSION CPU...] [FEATURES FEATURE...]
#                 [TARGET_TRIPLE TRIPLE] [OPENMP none|libomp|libgomp]
#                 [WEIGHT_TYPE bf16] [PRECISION f32|f64]
#                 [STATIC|SHARED|OBJECT])
#
# A library that is a function of a model, compiled by `ravel compile` when the
# project is built, and again when the model, its weights or ravel change.
# What links with TARGET finds its headers, NAME.h for C and NAME.hpp for C++20.
#
#   MODEL            a model's text, or a folder that `ravel train` wrote
#   WEIGHTS          a safetensors file that becomes part of the library; for a
#                    folder also best (the default) or last
#   WEIGHTS_EXTERNAL the program hands the weights to NAME_init
#   ENTRY            may be left out where a model has one function
#   NAME             what the names in the header begin with: TARGET, made an
#                    identifier of C
#   TARGET_TRIPLE    where a project is compiled for another machine: what the
#                    compiler is told, or else what CMAKE_SYSTEM_NAME and
#                    CMAKE_SYSTEM_PROCESSOR say
#   OPENMP           the library links that runtime, which is looked for where
#                    libraries are; RAVEL_LIBOMP and RAVEL_LIBGOMP say otherwise
#   STATIC           (the default) an archive; OBJECT has what links with TARGET
#                    link the object itself
#
# The other arguments are the options of `ravel compile` of the same names.

# The language that links a library which has no source.
function(_ravel_get_linker_language result)
  get_property(languages GLOBAL PROPERTY ENABLED_LANGUAGES)
  foreach(language C CXX)
    if(language IN_LIST languages)
      set(${result} ${language} PARENT_SCOPE)
      return()
    endif()
  endforeach()
  message(FATAL_ERROR "ravel_add_model: the project enables neither C nor CXX")
endfunction()

# The machine that the project is compiled for, as LLVM names it; empty for this
# one.
function(_ravel_get_triple result)
  set(triple "${CMAKE_C_COMPILER_TARGET}")
  if(NOT triple)
    set(triple "${CMAKE_CXX_COMPILER_TARGET}")
  endif()
  if(NOT CMAKE_CROSSCOMPILING)
    # Clang can be told the triple of the very machine it runs on, which
    # doesn't ask for other code.
    if(triple MATCHES "^${CMAKE_HOST_SYSTEM_PROCESSOR}-.*linux")
      set(triple "")
    endif()
  elseif(NOT triple)
    if(CMAKE_SYSTEM_NAME MATCHES "^(Emscripten|WASI)$")
      set(triple wasm32)
    elseif(CMAKE_SYSTEM_NAME STREQUAL "Linux"
           AND CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|aarch64|riscv64)$")
      set(triple "${CMAKE_SYSTEM_PROCESSOR}-linux-gnu")
    else()
      message(FATAL_ERROR
        "ravel_add_model: can't tell which machine '${CMAKE_SYSTEM_NAME}' on "
        "'${CMAKE_SYSTEM_PROCESSOR}' is: say TARGET_TRIPLE, for example "
        "aarch64-linux-gnu or wasm32")
    endif()
  endif()
  set(${result} "${triple}" PARENT_SCOPE)
endfunction()

# The file of an OpenMP runtime. Runtimes come without the link that compilers
# look for when no development package is installed, which is why their sonames
# are looked for as well.
function(_ravel_find_openmp runtime result)
  if(runtime STREQUAL "libomp")
    find_library(RAVEL_LIBOMP NAMES omp libomp.so.5 PATH_SUFFIXES llvm-22/lib
      DOC "The OpenMP runtime of LLVM")
    set(library "${RAVEL_LIBOMP}")
    set(variable RAVEL_LIBOMP)
  else()
    find_library(RAVEL_LIBGOMP NAMES gomp libgomp.so.1
      DOC "The OpenMP runtime of GCC")
    set(library "${RAVEL_LIBGOMP}")
    set(variable RAVEL_LIBGOMP)
  endif()
  if(NOT library)
    message(FATAL_ERROR
      "ravel_add_model: OPENMP ${runtime}: ${runtime} was not found: install it, "
      "or set ${variable} to its file")
  endif()
  set(${result} "${library}" PARENT_SCOPE)
endfunction()

# The absolute path of a file that is there, or that a custom command makes.
function(_ravel_find_file argument path result)
  set(generated FALSE)
  foreach(base "${CMAKE_CURRENT_SOURCE_DIR}" "${CMAKE_CURRENT_BINARY_DIR}")
    get_filename_component(full "${path}" ABSOLUTE BASE_DIR "${base}")
    get_source_file_property(generated "${full}" GENERATED)
    if(EXISTS "${full}" OR generated)
      set(${result} "${full}" PARENT_SCOPE)
      return()
    endif()
  endforeach()
  message(FATAL_ERROR
    "ravel_add_model: ${argument}: '${path}' does not exist, and nothing in "
    "this directory makes it")
endfunction()

function(ravel_add_model target)
  set(kinds STATIC SHARED OBJECT)
  set(single WEIGHTS ENTRY NAME CPU TARGET_TRIPLE OPENMP WEIGHT_TYPE PRECISION)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "WEIGHTS_EXTERNAL;${kinds}" "${single}"
    "MULTIVERSION;FEATURES")

  set(usage "ravel_add_model(${target} MODEL ...)")
  if(TARGET "${target}")
    message(FATAL_ERROR "${usage}: there is a target '${target}' already")
  endif()
  if(ARG_KEYWORDS_MISSING_VALUES)
    message(FATAL_ERROR "${usage}: no value after ${ARG_KEYWORDS_MISSING_VALUES}")
  endif()
  list(LENGTH ARG_UNPARSED_ARGUMENTS count)
  if(count EQUAL 0)
    message(FATAL_ERROR
      "${usage}: expected a model's file, or a folder that `ravel train` wrote")
  elseif(count GREATER 1)
    list(REMOVE_AT ARG_UNPARSED_ARGUMENTS 0)
    message(FATAL_ERROR
      "${usage}: what is meant by '${ARG_UNPARSED_ARGUMENTS}'?")
  endif()

  # What is built, and what its names begin with.
  set(kind)
  foreach(known IN LISTS kinds)
    if(ARG_${known})
      list(APPEND kind ${known})
    endif()
  endforeach()
  list(LENGTH kind count)
  if(count GREATER 1)
    message(FATAL_ERROR "${usage}: ${kind} exclude each other")
  elseif(count EQUAL 0)
    set(kind STATIC)
  endif()
  string(MAKE_C_IDENTIFIER "${target}" identifier)
  if(ARG_NAME)
    string(MAKE_C_IDENTIFIER "${ARG_NAME}" identifier)
    if(NOT identifier STREQUAL ARG_NAME)
      message(FATAL_ERROR
        "${usage}: NAME '${ARG_NAME}' begins the names in a C header, so that it "
        "must be an identifier of C, such as '${identifier}'")
    endif()
  endif()

  # The model and its weights. `ravel train` writes a folder anew as it learns;
  # of it, a function is made of these files.
  _ravel_find_file(MODEL "${ARG_UNPARSED_ARGUMENTS}" model)
  if(ARG_WEIGHTS AND ARG_WEIGHTS_EXTERNAL)
    message(FATAL_ERROR "${usage}: WEIGHTS and WEIGHTS_EXTERNAL exclude each other")
  endif()
  set(inputs "${model}")
  set(options)
  if(ARG_WEIGHTS_EXTERNAL)
    list(APPEND options --weights-external)
  endif()
  if(IS_DIRECTORY "${model}")
    foreach(file model.mlir train.json)
      if(NOT EXISTS "${model}/${file}")
        message(FATAL_ERROR
          "${usage}: '${model}' has no ${file}: it is not a folder that "
          "`ravel train` wrote")
      endif()
    endforeach()
    set(inputs "${model}/model.mlir" "${model}/train.json")
    if(NOT ARG_WEIGHTS AND NOT ARG_WEIGHTS_EXTERNAL)
      # Said here, so that what is used is what is depended on.
      set(ARG_WEIGHTS best)
      if(NOT EXISTS "${model}/best.safetensors")
        set(ARG_WEIGHTS last)
      endif()
    endif()
    if(ARG_WEIGHTS MATCHES "^(best|last)$")
      set(ARG_WEIGHTS "${model}/${ARG_WEIGHTS}.safetensors")
    endif()
  elseif(NOT ARG_WEIGHTS AND NOT ARG_WEIGHTS_EXTERNAL)
    message(FATAL_ERROR
      "${usage}: say WEIGHTS FILE for weights inside the library, or "
      "WEIGHTS_EXTERNAL for a program that reads them")
  endif()
  if(ARG_WEIGHTS)
    _ravel_find_file(WEIGHTS "${ARG_WEIGHTS}" weights)
    list(APPEND inputs "${weights}")
    list(APPEND options "--weights=${weights}")
  endif()

  # What it is compiled to.
  if(ARG_ENTRY)
    if(NOT ARG_ENTRY MATCHES "^@.")
      message(FATAL_ERROR "${usage}: ENTRY ${ARG_ENTRY}: expected @FUNCTION")
    endif()
    list(APPEND options "--entry=${ARG_ENTRY}")
  endif()
  if(ARG_CPU AND ARG_MULTIVERSION)
    message(FATAL_ERROR "${usage}: CPU and MULTIVERSION exclude each other")
  endif()
  if(ARG_CPU)
    list(APPEND options "--cpu=${ARG_CPU}")
  endif()
  foreach(list MULTIVERSION FEATURES)
    if(ARG_${list})
      string(TOLOWER ${list} option)
      string(REPLACE ";" "," values "${ARG_${list}}")
      list(APPEND options "--${option}=${values}")
    endif()
  endforeach()
  if(ARG_PRECISION)
    if(NOT ARG_PRECISION MATCHES "^f(32|64)$")
      message(FATAL_ERROR
        "${usage}: PRECISION ${ARG_PRECISION}: expected f32 or f64")
    endif()
    list(APPEND options "--precision=${ARG_PRECISION}")
  endif()
  if(ARG_WEIGHT_TYPE)
    if(NOT ARG_WEIGHT_TYPE STREQUAL "bf16")
      message(FATAL_ERROR
        "${usage}: WEIGHT_TYPE ${ARG_WEIGHT_TYPE}: expected bf16")
    endif()
    list(APPEND options "--weight-type=${ARG_WEIGHT_TYPE}")
  endif()
  if(NOT ARG_TARGET_TRIPLE)
    _ravel_get_triple(ARG_TARGET_TRIPLE)
  endif()
  if(ARG_TARGET_TRIPLE)
    list(APPEND options "--target=${ARG_TARGET_TRIPLE}")
  endif()
  if(kind STREQUAL "SHARED" AND ARG_TARGET_TRIPLE MATCHES "^wasm")
    message(FATAL_ERROR
      "${usage}: a SHARED library can't be linked with for "
      "${ARG_TARGET_TRIPLE}: say STATIC or OBJECT")
  endif()
  set(runtime)
  if(ARG_OPENMP AND NOT ARG_OPENMP STREQUAL "none")
    if(NOT ARG_OPENMP MATCHES "^lib(omp|gomp)$")
      message(FATAL_ERROR
        "${usage}: OPENMP ${ARG_OPENMP}: expected none, libomp or libgomp")
    endif()
    list(APPEND options "--openmp=${ARG_OPENMP}")
    _ravel_find_openmp(${ARG_OPENMP} runtime)
  endif()

  # Each target has a folder of its own: two of them may have the same NAME.
  set(folder "${CMAKE_CURRENT_BINARY_DIR}/ravel/${target}")
  set(object "${folder}/${identifier}.o")
  set(headers "${folder}/${identifier}.h" "${folder}/${identifier}.hpp")
  file(MAKE_DIRECTORY "${folder}")
  get_target_property(ravel Ravel::ravel IMPORTED_LOCATION)
  get_filename_component(shown "${model}" NAME)
  if(ARG_ENTRY)
    string(APPEND shown " ${ARG_ENTRY}")
  endif()
  add_custom_command(
    OUTPUT "${object}" ${headers}
    COMMAND Ravel::ravel compile "${model}" ${options} -o "${folder}/${identifier}"
    DEPENDS ${inputs} "${ravel}"
    COMMENT "Compiling ${shown} to ${identifier}.o"
    VERBATIM)

  if(kind STREQUAL "OBJECT")
    # CMake's own libraries of objects take sources alone. A file that is linked
    # with by its path is one that programs depend on.
    add_custom_target(${target}-compile DEPENDS "${object}" ${headers})
    add_library(${target} INTERFACE)
    add_dependencies(${target} ${target}-compile)
    target_link_libraries(${target} INTERFACE "$<BUILD_INTERFACE:${object}>")
    set(scope INTERFACE)
  else()
    _ravel_get_linker_language(language)
    add_library(${target} ${kind} "${object}" ${headers})
    set_source_files_properties("${object}" PROPERTIES
      EXTERNAL_OBJECT TRUE GENERATED TRUE)
    set_target_properties(${target} PROPERTIES
      LINKER_LANGUAGE ${language}
      PUBLIC_HEADER "${headers}")
    set(scope PRIVATE)
  endif()
  if(runtime)
    target_link_libraries(${target} ${scope} "${runtime}")
  endif()
  target_include_directories(${target} INTERFACE "$<BUILD_INTERFACE:${folder}>")
endfunction()
