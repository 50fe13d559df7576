//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Commands.h"
#include "Options.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/WithColor.h"

using namespace llvm;
using namespace ravel::driver;

int main(int argc, char **argv) {
  StringRef command = argc > 1 ? argv[1] : "";
  if (command == "help" && argc > 2)
    command = argv[2];
  if (command.empty() || command == "help" || command == "-h" ||
      command == "-help" || command == "--help") {
    (command.empty() ? errs() : outs()) << getOverview();
    return command.empty() ? 1 : 0;
  }
  if (getExamples(command).empty()) {
    WithColor::error(errs(), "ravel")
        << "there is no command '" << command
        << "'; `ravel --help` lists those there are\n";
    return 1;
  }
  InitLLVM init(argc, argv);
  cl::extrahelp examples(getExamples(command));
  const char *help[] = {argv[0], argv[argc > 2 ? 2 : 1], "--help"};
  if (StringRef(argv[1]) == "help")
    cl::ParseCommandLineOptions(3, help);
  else
    cl::ParseCommandLineOptions(argc, argv);

  // More threads than this is a mistake, and the OpenMP runtime would abort.
  constexpr unsigned maxThreads = 1024;
  if (threads > maxThreads) {
    WithColor::error(errs(), "ravel")
        << "--threads " << threads << ": expected 1 to " << maxThreads
        << ", or 0 for one a processor\n";
    return 1;
  }

  std::pair<cl::SubCommand *, Expected<int> (*)()> commands[] = {
      {&trainCommand, train},
      {&runCommand, run},
      {&evaluateCommand, evaluateModel},
      {&sampleCommand, sample},
      {&printCommand, print},
      {&paramsCommand, listParameters},
      {&plotCommand, plot},
      {&searchCommand, search},
      {&reservoirCommand, lookAtReservoir},
      {&benchCommand, bench},
      {&compileCommand, compile}};
  for (auto [subcommand, execute] : commands) {
    if (!*subcommand)
      continue;
    Expected<int> status = execute();
    if (status)
      return *status;
    handleAllErrors(status.takeError(), [](const ErrorInfoBase &error) {
      WithColor::error(errs(), "ravel") << error.message() << '\n';
    });
    return 1;
  }
  return 1;
}
