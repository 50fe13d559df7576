//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "HeaderSamples.h"

using namespace ravel;
using namespace ravel::test;
using llvm::StringRef;

TEST(Identifiers, AreNeitherKeywordsNorNamesOfTheInterface) {
  EXPECT_EQ(makeCIdentifier("x"), "x");
  EXPECT_EQ(makeCIdentifier("a.b-c"), "a_b_c");
  EXPECT_EQ(makeCIdentifier("2nd"), "x2nd");
  EXPECT_EQ(makeCIdentifier(""), "x");
  EXPECT_EQ(makeCIdentifier("__x"), "x");
  for (StringRef name : {"int", "class", "co_await", "char8_t", "std", "linux",
                         "NULL", "T", "state", "workspace", "Error"})
    EXPECT_EQ(makeCIdentifier(name), name.str() + "_");
}

TEST(Identifiers, DifferAlsoAsMacros) {
  llvm::StringSet<> taken;
  EXPECT_EQ(makeCIdentifier("a.b", taken), "a_b");
  EXPECT_EQ(makeCIdentifier("a_b", taken), "a_b_2");
  EXPECT_EQ(makeCIdentifier("A_B", taken), "A_B_3");
  EXPECT_EQ(makeCIdentifier("a_b_2", taken), "a_b_2_2");
}

TEST(Header, DeclaresSequences) {
  std::string text = getHeader(getPlain());
  EXPECT_CONTAINS(text, "plain.h: the function @f of plain.mlir,");
  EXPECT_CONTAINS(text, "int plain_init(void);\n");
  EXPECT_CONTAINS(text, "size_t plain_workspace_bytes(size_t T, size_t B);\n");
  EXPECT_CONTAINS(
      text, "int plain_run(size_t T, size_t B, const size_t *lengths, const "
            "float *x,\n              float *y, void *workspace, size_t "
            "workspace_bytes);\n");
  EXPECT_CONTAINS(text, "in  x          float   [B][T][4]\n");
  EXPECT_CONTAINS(text, "out y          float   [B][T][3]\n");
  EXPECT_CONTAINS(text, "#define PLAIN_X_SIZE 4\n");
  EXPECT_CONTAINS(text, "#define PLAIN_STATE_BYTES 192\n");
  EXPECT_CONTAINS(text, "int plain_reset(void *state);\n");
  EXPECT_CONTAINS(text, "int plain_step(void *state, const float *x, float "
                        "*y);\n");
  EXPECT_CONTAINS(text, "int plain_steps(void *state, size_t n, const float "
                        "*x, float *y);\n");
  EXPECT_FALSE(contains(text, "weights_bytes"));
  EXPECT_FALSE(contains(text, "MISSING"));
  EXPECT_FALSE(contains(text, "CLASS;"));
}

TEST(Header, DeclaresCarriedStates) {
  std::string text = getHeader(getCarries());
  EXPECT_CONTAINS(text, "in  h          float   [B][32]  the state 'h' before "
                        "the first instant");
  EXPECT_CONTAINS(text, "out h_next     float   [B][32]  the state 'h' after "
                        "the last instant");
  EXPECT_CONTAINS(text, "int carries_reset(const void *weights, void *state, "
                        "const float *g);\n");
  EXPECT_CONTAINS(text, "int carries_step(void *state, const float *x, float "
                        "*y);\n");
}

TEST(Header, DeclaresClasses) {
  std::string text = getHeader(getClasses());
  EXPECT_CONTAINS(text, "in  words      int32_t [B][T]  a class, 0 to 49\n");
  EXPECT_CONTAINS(text, "#define CLASSES_WORDS_CLASSES 50\n");
  EXPECT_CONTAINS(text, "#define CLASSES_Y1_SIZE 1\n");
  EXPECT_CONTAINS(text, "LENGTH, CLASS; then");
}

TEST(Header, NamesClassesOfLengths) {
  std::string text = getHeader(getTwoLengths());
  EXPECT_CONTAINS(text, "size_t two_workspace_bytes(size_t T_source, size_t "
                        "T_target, size_t B);\n");
  EXPECT_CONTAINS(text, "const size_t *lengths_source,");
  EXPECT_CONTAINS(text, "in  source     float   [B][T_source][3][2]\n");
  EXPECT_CONTAINS(text, "out y          float   [B][T_target][5]\n");
  EXPECT_CONTAINS(text, "There is no streaming");
  EXPECT_CONTAINS(text, "OpenMP runtime; reset and step never");
  EXPECT_FALSE(contains(text, "two_step"));
}

TEST(Header, DeclaresDoubles) {
  std::string text = getHeader(getDouble());
  EXPECT_CONTAINS(text, "in  x          double  [B][T][2][2]\n");
  EXPECT_CONTAINS(text, "#define WIDE_X_SIZE 4\n");
}

TEST(Header, DeclaresFunctionsWithoutSequences) {
  std::string text = getHeader(getNoSequences());
  EXPECT_CONTAINS(text, "int single_run(size_t B, const float *x, float *y, "
                        "void *workspace,");
  EXPECT_FALSE(contains(text, "lengths"));
}

TEST(Header, ListsTensorsOfTheWeights) {
  std::string text = getHeader(getClasses());
  EXPECT_CONTAINS(text, " *     0  a.weight.0                       F32 [3, "
                        "48]\n");
  EXPECT_CONTAINS(text, "size_t classes_weights_bytes(void);\n");
  EXPECT_CONTAINS(text, "int classes_init(void *weights, const void *file, "
                        "size_t file_bytes);\n");
  EXPECT_CONTAINS(text, "CLASSES_ERROR_FILE = 15,\n");
}

namespace {
/// Programs that are given to both compilers, warnings being errors.
class HeaderCompilation : public ::testing::TestWithParam<int> {
protected:
  void SetUp() override {
    compiler = getCompilers()[GetParam()];
    if (compiler.c.empty() || compiler.cpp.empty())
      GTEST_SKIP() << compiler.name << " is not installed";
    writeSamples(folder);
  }
  std::string includeAll(StringRef extension) {
    std::string text;
    // Twice, as headers of headers do.
    for (int i = 0; i < 2; ++i)
      for (const Interface &interface : getAllSamples())
        text += "#include \"" + interface.name + extension.str() + "\"\n";
    return text;
  }
  std::string compile(StringRef file, StringRef text, StringRef standard,
                      llvm::ArrayRef<StringRef> options = {}) {
    std::string path = folder.write(file, text);
    std::vector<StringRef> arguments = {standard, "-Wall", "-Wextra", "-Werror",
                                        "-pedantic"};
    if (options.empty())
      arguments.push_back("-fsyntax-only");
    arguments.insert(arguments.end(), options.begin(), options.end());
    arguments.push_back(path);
    return execute(folder, file.ends_with(".c") ? compiler.c : compiler.cpp,
                   arguments);
  }

  TemporaryFolder folder;
  TestCompiler compiler;
};
} // namespace

TEST_P(HeaderCompilation, AsC) {
  std::string text = includeAll(".h");
  for (StringRef standard : {"-std=c99", "-std=c11", "-std=gnu17"})
    EXPECT_EQ(compile("all.c", text, standard), "");
}

TEST_P(HeaderCompilation, AsCpp) {
  std::string text = includeAll(".h");
  for (StringRef standard : {"-std=c++11", "-std=gnu++20"})
    EXPECT_EQ(compile("all.cpp", text, standard), "");
}

/// Also after the rest of the header was included.
TEST_P(HeaderCompilation, WithFiles) {
  std::string text = includeAll(".h") + "#define CLASSES_WITH_STDIO\n"
                                        "#include \"classes.h\"\n"
                                        "int main(void) { return "
                                        "classes_init_from_file(0, \"\"); }\n";
  EXPECT_EQ(compile("files.c", text, "-std=c99"), "");
  EXPECT_EQ(compile("files.cpp", text, "-std=c++11"), "");
}

TEST_P(HeaderCompilation, OfExamples) {
  for (const Interface &interface : getAllSamples())
    EXPECT_EQ(compile("example.c", getExample(interface), "-std=c11"), "");
}

TEST_P(HeaderCompilation, AsCpp20) {
  std::string text = includeAll(".hpp");
  StringRef options[] = {"-fsyntax-only", "-Wconversion", "-fno-exceptions",
                         "-fno-rtti"};
  EXPECT_EQ(compile("all.cpp", text, "-std=c++20", options), "");
  EXPECT_EQ(compile("all.cpp", text, "-std=gnu++20", options), "");
}

/// A stand-in for an object: each instant gives the sum of those before.
static const StringRef standIn = R"(
#include "carries.h"
#include <string.h>
size_t carries_weights_bytes(void) { return 64; }
int carries_init(void *weights, const void *file, size_t bytes) {
  if (!weights || !file)
    return CARRIES_ERROR_NULL;
  if (bytes < 4)
    return CARRIES_ERROR_MISSING | 1 << 8;
  memcpy(weights, file, 4);
  return 0;
}
const char *carries_strerror(int error) {
  return (error & 0xff) == CARRIES_ERROR_MISSING ? "missing" : "other";
}
size_t carries_workspace_bytes(size_t T, size_t B) { return T * B * 64; }
int carries_run(const void *weights, size_t T, size_t B, const size_t *lengths,
                const float *x, const float *g, const float *h, float *y,
                float *h_next, void *workspace, size_t workspace_bytes) {
  if (!weights || !x || !g || !h || !y || !h_next || !workspace)
    return CARRIES_ERROR_NULL;
  if (!T || !B)
    return CARRIES_ERROR_SIZE;
  if ((uintptr_t)workspace % CARRIES_ALIGNMENT)
    return CARRIES_ERROR_ALIGNMENT;
  if (workspace_bytes < carries_workspace_bytes(T, B))
    return CARRIES_ERROR_WORKSPACE;
  for (size_t b = 0; b < B; ++b) {
    float sum = g[b * CARRIES_G_SIZE] + *(const float *)weights;
    for (size_t t = 0; t < T; ++t) {
      sum += x[b * T + t];
      y[b * T + t] = lengths && t >= lengths[b] ? 0 : sum;
    }
  }
  memcpy(h_next, h, B * CARRIES_H_SIZE * sizeof *h);
  return 0;
}
size_t carries_state_bytes(void) { return CARRIES_STATE_BYTES; }
int carries_reset(const void *weights, void *state, const float *g) {
  if (!weights || !state || !g)
    return CARRIES_ERROR_NULL;
  if ((uintptr_t)state % CARRIES_ALIGNMENT)
    return CARRIES_ERROR_ALIGNMENT;
  *(float *)state = g[0] + *(const float *)weights;
  return 0;
}
int carries_step(void *state, const float *x, float *y) {
  if (!state || !x || !y)
    return CARRIES_ERROR_NULL;
  *y = *(float *)state += *x;
  return 0;
}
int carries_steps(void *state, size_t n, const float *x, float *y) {
  int error = 0;
  while (n-- && !error)
    error = carries_step(state, x++, y++);
  return error;
}
)";

/// Exits with the number of the line that went wrong.
static const StringRef wrapperProgram = R"(
#include "carries.hpp"
#include <array>
#include <cstring>
#include <utility>
#include <vector>
namespace model = ravel_models::carries;
using model::Error;
#define CHECK(...) if (!(__VA_ARGS__)) return __LINE__
int main(int argc, char **argv) {
  CHECK(argc == 2);
  const float offset = 100;
  model::Weights weights(std::as_bytes(std::span(&offset, 1)));
  CHECK(weights.error() == Error::ok);
  model::Weights bad(std::as_bytes(std::span(&offset, 1)).first(2));
  CHECK(bad.error() != Error::missing && model::kind(bad.error()) == Error::missing);
  CHECK(!std::strcmp(model::message(bad.error()), "missing"));
  CHECK(model::kind(model::outOfMemory) == model::outOfMemory);
  model::Weights absent("no such file");
  CHECK(absent.error() == Error::file);
  CHECK(model::Stream(absent).error() == Error::file);
  model::Weights read(argv[1]);
  CHECK(read.error() == Error::ok);

  // One instant, several, and after a move.
  const std::array<float, CARRIES_G_SIZE> g{1, 2, 3, 4};
  model::Stream stream(weights);
  CHECK(stream.error() == Error::ok && stream.reset(g) == Error::ok);
  std::array<float, 1> x{1}, y{};
  CHECK(stream.step(x, y) == Error::ok && y[0] == 102);
  model::Stream moved(std::move(stream));
  CHECK(moved.step(x, y) == Error::ok && y[0] == 103);
  CHECK(stream.step(x, y) == Error::null);
  std::vector<float> xs(10, 1), ys(10), h(2 * CARRIES_H_SIZE), next(h.size());
  CHECK(moved.process(xs, ys) == Error::ok && ys[9] == 113);
  model::Stream other(read);
  other = std::move(moved);
  CHECK(other.step(x, y) == Error::ok && y[0] == 114);

  // A batch, and spans that are too small for it.
  const std::array<float, 2 * CARRIES_G_SIZE> gs{};
  const std::array<std::size_t, 2> lengths{5, 3};
  model::Batch batch(weights);
  CHECK(batch.run(5, 2, lengths, xs, gs, h, ys, next) == Error::null);
  CHECK(batch.reserve(1, 1) == Error::ok);
  CHECK(batch.run(5, 2, lengths, xs, gs, h, ys, next) == Error::workspace);
  CHECK(batch.reserve(5, 2) == Error::ok && batch.reserve(1, 1) == Error::ok);
  CHECK(batch.run(5, 2, lengths, xs, gs, h, ys, next) == Error::ok);
  CHECK(ys[4] == 105 && ys[7] == 103 && ys[8] == 0);
  CHECK(batch.run(5, 2, {}, xs, gs, h, ys, next) == Error::ok && ys[9] == 105);
  CHECK(batch.run(5, 2, std::span(lengths).first(1), xs, gs, h, ys, next) == Error::size);
  CHECK(batch.run(6, 2, {}, xs, gs, h, ys, next) == Error::size);
  CHECK(batch.run(5, 2, {}, xs, g, h, ys, next) == Error::size);
  CHECK(batch.run(static_cast<std::size_t>(-1), 2, {}, xs, gs, h, ys, next) == Error::size);
  CHECK(batch.run(0, 2, {}, xs, gs, h, ys, next) == Error::size);
  CHECK(batch.reserve(0, 1) == Error::size);
}
)";

TEST_P(HeaderCompilation, RunsTheWrapper) {
  std::string object = folder.path("stand-in.o"), program = folder.path("run"),
              weights = folder.write("weights", StringRef("\0\0\0\0", 4));
  ASSERT_EQ(compile("stand-in.c", standIn, "-std=c11", {"-c", "-o", object}),
            "");
  ASSERT_EQ(compile("run.cpp", wrapperProgram, "-std=c++20",
                    {"-fno-exceptions", "-fno-rtti", object, "-o", program}),
            "");
  EXPECT_EQ(execute(folder, program, {weights}), "");
}

INSTANTIATE_TEST_SUITE_P(, HeaderCompilation, ::testing::Range(0, 2));
