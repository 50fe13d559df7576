//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "ResidentMemory.h"
#include "ravel/Execution/FileIO.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include <malloc.h>

using namespace llvm;
namespace ravel::driver {

/// A line of /proc/self/status such as "VmRSS:     1234 kB", in bytes.
static Expected<int64_t> readStatus(StringRef key) {
  // The file has no size: only a stream reads it.
  ErrorOr<std::unique_ptr<MemoryBuffer>> file =
      MemoryBuffer::getFileAsStream("/proc/self/status");
  StringRef rest = file ? (*file)->getBuffer() : StringRef();
  while (!rest.empty()) {
    StringRef line;
    std::tie(line, rest) = rest.split('\n');
    auto [name, value] = line.split(':');
    value = value.trim();
    int64_t kilobytes;
    if (name == key && !value.consumeInteger(10, kilobytes))
      return kilobytes * 1024;
  }
  return makeError("--memory: /proc/self/status does not tell " + key);
}

/// Makes the system forget the peak so far.
static Error resetPeak() {
  std::error_code ec;
  raw_fd_ostream os("/proc/self/clear_refs", ec, sys::fs::CD_OpenExisting,
                    sys::fs::FA_Write, sys::fs::OF_None);
  if (!ec) {
    os << "5";
    os.close();
    ec = os.error();
    os.clear_error();
  }
  if (ec)
    return makeError("--memory: /proc/self/clear_refs cannot be written: " +
                     ec.message());
  return Error::success();
}

Expected<ResidentMemory> measureResidentMemory(function_ref<void()> work) {
  malloc_trim(0);
  Expected<int64_t> before = readStatus("VmRSS");
  if (!before)
    return before.takeError();
  if (Error error = resetPeak())
    return error;
  work();
  Expected<int64_t> peak = readStatus("VmHWM");
  if (!peak)
    return peak.takeError();
  return ResidentMemory{*before, std::max(*peak, *before)};
}

} // namespace ravel::driver
