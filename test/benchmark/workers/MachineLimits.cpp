//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Measures what no program on this machine can exceed: fused multiply-adds in
// registers, and reads from each level of the memory, by each number of threads
// given. Prints JSON.
//
//   ravel-machine-limits 1 2
//
//===----------------------------------------------------------------------===//

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <sched.h>
#include <thread>
#include <unistd.h>
#include <vector>

#define INLINE __attribute__((always_inline)) inline

//===----------------------------------------------------------------------===//
// Kernels
//===----------------------------------------------------------------------===//

// Enough independent chains to hide the latency of any unit, few enough for 16
// registers.
static constexpr int numChains = 12;

/// Sinks, so that work is not removed.
static volatile float floatSink;
static volatile uint64_t wordSink;
static volatile float one = 1, tiny = 1e-30f;

/// Multiply-adds on vectors; gives the operations done.
template <typename Vector> static INLINE double multiplyAdd(int64_t rounds) {
  constexpr int lanes = sizeof(Vector) / sizeof(float);
  Vector chains[numChains];
  Vector factor = Vector() + one, summand = Vector() + tiny;
  for (int i = 0; i < numChains; ++i)
    chains[i] = Vector() + float(i);
  for (int64_t round = 0; round < rounds; ++round) {
#pragma clang loop unroll(full)
    for (int i = 0; i < numChains; ++i)
      chains[i] = __builtin_elementwise_fma(chains[i], factor, summand);
  }
  Vector sum = chains[0];
  for (int i = 1; i < numChains; ++i)
    sum += chains[i];
  floatSink = sum[0];
  return double(rounds) * numChains * lanes * 2;
}

/// Reads a buffer, whose size is a multiple of `numChains` vectors.
template <typename Vector>
static INLINE void read(const Vector *data, int64_t bytes) {
  Vector chains[numChains] = {};
  for (int64_t i = 0, e = bytes / int64_t(sizeof(Vector)); i < e;
       i += numChains) {
#pragma clang loop unroll(full)
    for (int j = 0; j < numChains; ++j)
      chains[j] ^= data[i + j];
  }
  Vector sum = chains[0];
  for (int j = 1; j < numChains; ++j)
    sum ^= chains[j];
  wordSink = sum[0];
}

template <int bytes> struct Vectors {
  typedef float Floats __attribute__((vector_size(bytes)));
  typedef uint64_t Words __attribute__((vector_size(bytes)));
};

struct Kernels {
  const char *name;
  int vectorBytes;
  double (*multiplyAdd)(int64_t rounds);
  void (*read)(const void *data, int64_t bytes);
};

#define KERNELS(NAME, TARGET, BYTES)                                           \
  TARGET static double multiplyAdd##NAME(int64_t rounds) {                     \
    return multiplyAdd<Vectors<BYTES>::Floats>(rounds);                        \
  }                                                                            \
  TARGET static void read##NAME(const void *data, int64_t bytes) {             \
    read(static_cast<const Vectors<BYTES>::Words *>(data), bytes);             \
  }

KERNELS(Generic, , 16)
#ifdef __x86_64__
KERNELS(AVX2, __attribute__((target("avx2,fma"))), 32)
KERNELS(AVX512, __attribute__((target("avx512f"))), 64)
#endif

/// The kernels for the widest vectors that this processor has.
static Kernels chooseKernels() {
#ifdef __x86_64__
  if (__builtin_cpu_supports("avx512f"))
    return {"AVX-512", 64, multiplyAddAVX512, readAVX512};
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    return {"AVX2", 32, multiplyAddAVX2, readAVX2};
#endif
  return {"generic", 16, multiplyAddGeneric, readGeneric};
}

//===----------------------------------------------------------------------===//
// Threads
//===----------------------------------------------------------------------===//

static double getSeconds() {
  using namespace std::chrono;
  return duration<double>(steady_clock::now().time_since_epoch()).count();
}

/// Binds the calling thread to the `index`-th processor that the process has.
static void pin(int index) {
  cpu_set_t allowed;
  sched_getaffinity(getpid(), sizeof(allowed), &allowed);
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu)
    if (CPU_ISSET(cpu, &allowed) && index-- == 0) {
      cpu_set_t single;
      CPU_ZERO(&single);
      CPU_SET(cpu, &single);
      sched_setaffinity(0, sizeof(single), &single);
      return;
    }
}

/// The best rate, over some trials, at which threads do work side by side.
/// `makeWork(i)` prepares a thread; what it gives does a piece of the work and
/// says how much.
static double
measureRate(int numThreads,
            const std::function<std::function<double()>()> &makeWork) {
  constexpr double trialSeconds = 0.05;
  constexpr int numTrials = 8;
  std::atomic<int> arrived{0};
  std::vector<std::vector<double>> rates(numThreads,
                                         std::vector<double>(numTrials));
  auto runThread = [&](int index) {
    pin(index);
    std::function<double()> work = makeWork();
    work();
    for (int trial = 0; trial < numTrials; ++trial) {
      ++arrived;
      while (arrived < numThreads * (trial + 1))
        ;
      double begin = getSeconds(), now = begin, done = 0;
      while (now < begin + trialSeconds) {
        done += work();
        now = getSeconds();
      }
      rates[index][trial] = done / (now - begin);
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < numThreads; ++i)
    threads.emplace_back(runThread, i);
  for (std::thread &thread : threads)
    thread.join();
  double best = 0;
  for (int trial = 0; trial < numTrials; ++trial) {
    double sum = 0;
    for (int i = 0; i < numThreads; ++i)
      sum += rates[i][trial];
    best = std::max(best, sum);
  }
  return best;
}

static double measureMultiplyAdd(const Kernels &kernels, int numThreads) {
  return measureRate(
      numThreads, [&] { return [&] { return kernels.multiplyAdd(100000); }; });
}

/// Each thread reads a buffer of its own again and again.
static double measureRead(const Kernels &kernels, int numThreads,
                          int64_t bytes) {
  int64_t grain = kernels.vectorBytes * numChains;
  bytes = bytes / grain * grain;
  return measureRate(numThreads, [&, bytes] {
    std::shared_ptr<void> buffer(std::aligned_alloc(64, bytes / 64 * 64 + 64),
                                 std::free);
    std::fill_n(static_cast<char *>(buffer.get()), bytes, 1);
    return [&kernels, buffer, bytes] {
      // The clock costs less than a thousandth of this.
      int64_t times = (1 << 20) / bytes + 1;
      for (int64_t i = 0; i < times; ++i)
        kernels.read(buffer.get(), bytes);
      return double(times) * bytes;
    };
  });
}

//===----------------------------------------------------------------------===//
// The report
//===----------------------------------------------------------------------===//

static int64_t getCacheSize(int name, int64_t otherwise) {
  long size = sysconf(name);
  return size > 0 ? size : otherwise;
}

int main(int argc, char **argv) {
  Kernels kernels = chooseKernels();
  int64_t l1 = getCacheSize(_SC_LEVEL1_DCACHE_SIZE, 32 << 10);
  int64_t l2 = getCacheSize(_SC_LEVEL2_CACHE_SIZE, 512 << 10);
  int64_t l3 = getCacheSize(_SC_LEVEL3_CACHE_SIZE, 16 << 20);
  // What fits a level with room to spare, and exceeds the one below by far.
  int64_t inL3 = std::max(4 * l2, std::min<int64_t>(l3 / 4, 8 << 20));
  std::printf("{\"vectors\": \"%s\", \"l1_bytes\": %lld, \"l2_bytes\": %lld, "
              "\"l3_bytes\": %lld, \"threads\": {",
              kernels.name, (long long)l1, (long long)l2, (long long)l3);
  for (int i = 1; i < argc; ++i) {
    int numThreads = std::max(1, std::atoi(argv[i]));
    auto readRate = [&](int64_t bytes) {
      return measureRead(kernels, numThreads, bytes) * 1e-9;
    };
    std::printf("%s\"%d\": {\"fma_gflops\": %.1f, \"l1_gbs\": %.1f, "
                "\"l2_gbs\": %.1f, \"l3_gbs\": %.1f, \"memory_gbs\": %.1f}",
                i > 1 ? ", " : "", numThreads,
                measureMultiplyAdd(kernels, numThreads) * 1e-9,
                readRate(l1 / 2), readRate(l2 / 2), readRate(inL3),
                readRate(std::min<int64_t>(4 * l3, 256 << 20)));
  }
  std::printf("}}\n");
  return 0;
}
