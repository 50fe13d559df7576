//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

// Modules to objects: the target, LLVM's passes, and emission.
//
//===----------------------------------------------------------------------===//

#include "Lowering.h"
#include "mlir/ExecutionEngine/OptUtils.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "ravel/Execution/FileIO.h"
#include "llvm/IR/Intrinsics.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Host.h"
#include <unistd.h>

using namespace mlir;
using namespace ravel;

//===----------------------------------------------------------------------===//
// Target
//===----------------------------------------------------------------------===//

/// The processor and features of the machine that this runs on.
static void takeHost(std::string &cpu, std::string &features) {
  cpu = llvm::sys::getHostCPUName().str();
  for (const auto &feature : llvm::sys::getHostCPUFeatures()) {
    features += features.empty() ? "" : ",";
    features += (feature.second ? "+" : "-") + feature.first().str();
  }
}

/// What code is compiled for where nothing is said of the processor: what all
/// but old ones of its family can do.
static void takeUsual(const llvm::Triple &triple, std::string &cpu,
                      std::string &features) {
  auto add = [&](llvm::StringRef usual) {
    features = features.empty() ? usual.str() : (usual + "," + features).str();
  };
  cpu = "generic";
  if (triple.getArch() == llvm::Triple::x86_64) {
    cpu = "x86-64-v3";
  } else if (triple.isRISCV()) {
    cpu = "generic-rv64";
    add("+m,+a,+f,+d,+c,+v");
  } else if (triple.isWasm()) {
    add("+simd128,+bulk-memory,+bulk-memory-opt,+nontrapping-fptoint,"
        "+sign-ext,+mutable-globals");
  }
}

llvm::Expected<std::unique_ptr<llvm::TargetMachine>>
ravel::createTargetMachine(const CompileOptions &options) {
  static bool initialized = [] {
    llvm::InitializeAllTargetInfos();
    llvm::InitializeAllTargets();
    llvm::InitializeAllTargetMCs();
    llvm::InitializeAllAsmPrinters();
    llvm::InitializeAllAsmParsers();
    return true;
  }();
  (void)initialized;
  bool isHost = options.triple.empty();
  llvm::Triple triple(isHost ? llvm::sys::getProcessTriple()
                             : llvm::Triple::normalize(options.triple));
  std::string message;
  const llvm::Target *target =
      llvm::TargetRegistry::lookupTarget(triple, message);
  if (!target || (triple.getArch() != llvm::Triple::x86_64 &&
                  triple.getArch() != llvm::Triple::aarch64 &&
                  triple.getArch() != llvm::Triple::riscv64 &&
                  triple.getArch() != llvm::Triple::wasm32))
    return makeError("no code can be made for the target '" + triple.str() +
                     "': expected x86_64-…, aarch64-…, riscv64-… or wasm32-…");
  std::string cpu = options.cpu, features = options.features;
  if (isHost && (cpu.empty() || cpu == "native")) {
    std::string host;
    takeHost(cpu, host);
    features = features.empty() ? host : host + "," + features;
  } else if (cpu.empty()) {
    takeUsual(triple, cpu, features);
  }
  std::unique_ptr<llvm::MCSubtargetInfo> usual(
      target->createMCSubtargetInfo(triple, "", ""));
  if (!usual || !usual->isCPUStringValid(cpu))
    return makeError("the target '" + triple.str() + "' has no processor '" +
                     cpu + "'");
  // Only written fused multiply-adds are fused, so that a row gives the same
  // bits in whatever loop it is computed.
  llvm::TargetOptions targetOptions;
  targetOptions.AllowFPOpFusion = llvm::FPOpFusion::Standard;
  if (triple.isRISCV())
    targetOptions.MCOptions.ABIName = "lp64d";
  std::unique_ptr<llvm::TargetMachine> machine(target->createTargetMachine(
      triple, cpu, features, targetOptions, llvm::Reloc::PIC_, std::nullopt,
      *llvm::CodeGenOpt::getLevel(std::min(options.optimizationLevel, 3u))));
  return machine;
}

/// The size of a data cache of this machine that `name` asks `sysconf` for, or
/// what is usual if the system doesn't say.
static int64_t getCacheSize(int name, int64_t usual) {
  long size = sysconf(name);
  return size > 0 ? size : usual;
}

/// Fills what the pipelines need to know of the target's vectors and caches.
/// Those of a processor that was named are not known.
static void describeTarget(const llvm::TargetMachine &machine, bool isNamed,
                           PipelineOptions &options) {
  if (!isNamed) {
    options.firstCache =
        getCacheSize(_SC_LEVEL1_DCACHE_SIZE, options.firstCache);
    options.secondCache =
        getCacheSize(_SC_LEVEL2_CACHE_SIZE, options.secondCache);
  }
  const llvm::Triple &triple = machine.getTargetTriple();
  auto has = [&](const char *feature) {
    return machine.getMCSubtargetInfo()->checkFeatures(feature);
  };
  options.vectorWidth = 128;
  options.numRegisters = 16;
  if (triple.isAArch64() || triple.isRISCV()) {
    options.numRegisters = 32;
  } else if (triple.getArch() == llvm::Triple::x86_64) {
    if (has("+avx512f")) {
      options.vectorWidth = 512;
      options.numRegisters = 32;
    } else if (has("+avx")) {
      options.vectorWidth = 256;
    }
  }
}

void ravel::fillPipelineOptions(const CompileOptions &options,
                                const llvm::TargetMachine &machine,
                                PipelineOptions &result) {
  result.training = options.training;
  result.precision = getName(options.precision).str();
  result.objective = options.objective;
  result.solve = options.solve;
  result.solveRows = options.solveRows;
  result.predictions = options.predictions;
  result.states = options.states;
  result.gradientInputs = options.gradientInputs;
  result.checkpointTime = options.checkpointTime;
  result.scheduledSampling = options.scheduledSampling;
  result.optimizer = options.optimizer;
  result.unrollTime = options.unrollTime;
  result.stream = options.stream;
  result.small = options.small;
  result.without = options.without;
  if (options.objective.empty())
    result.weights = options.weightType;
  describeTarget(machine, !options.cpu.empty() || !options.triple.empty(),
                 result);
}

//===----------------------------------------------------------------------===//
// Module to object
//===----------------------------------------------------------------------===//

/// Level 1 does what ours leave: MLIR's passes have simplified, hoisted and
/// vectorized already, and LLVM's analyses of loops take longer than all else.
llvm::Error ravel::optimize(llvm::Module &module, llvm::TargetMachine &machine,
                            unsigned level) {
  if (level > 1)
    return makeOptimizingTransformer(level, /*sizeLevel=*/0, &machine)(&module);
  llvm::PassBuilder builder(&machine);
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager components;
  llvm::ModuleAnalysisManager modules;
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(components);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, components, modules);
  llvm::ModulePassManager passes;
  if (llvm::Error error = builder.parsePassPipeline(
          passes,
          "always-inline,function(sroa,early-cse<memssa>,"
          "instcombine<max-iterations=1;no-verify-fixpoint>,simplifycfg,"
          "loop-mssa(licm),early-cse,simplifycfg),globaldce"))
    return error;
  passes.run(module, modules);
  return llvm::Error::success();
}

/// Writes fused multiply-adds as two operations where the target has none:
/// otherwise each would be a call of the C library.
static void splitMultiplyAdds(llvm::Module &module) {
  for (llvm::Function &function : llvm::make_early_inc_range(module)) {
    if (function.getIntrinsicID() != llvm::Intrinsic::fma)
      continue;
    llvm::Function *split = llvm::Intrinsic::getOrInsertDeclaration(
        &module, llvm::Intrinsic::fmuladd, function.getReturnType());
    function.replaceAllUsesWith(split);
    function.eraseFromParent();
  }
}

void ravel::setTarget(llvm::Module &module, llvm::TargetMachine &machine) {
  const llvm::Triple &triple = machine.getTargetTriple();
  module.setDataLayout(machine.createDataLayout());
  module.setTargetTriple(triple);
  bool hasMultiplyAdd =
      !triple.isWasm() && (triple.getArch() != llvm::Triple::x86_64 ||
                           machine.getMCSubtargetInfo()->checkFeatures("+fma"));
  if (!hasMultiplyAdd)
    splitMultiplyAdds(module);
  if (triple.isRISCV())
    module.addModuleFlag(llvm::Module::Error, "target-abi",
                         llvm::MDString::get(module.getContext(), "lp64d"));
  for (llvm::Function &function : module) {
    function.addFnAttr("target-cpu", machine.getTargetCPU());
    function.addFnAttr("target-features", machine.getTargetFeatureString());
  }
}

llvm::Expected<std::unique_ptr<llvm::Module>>
ravel::translate(ModuleOp module, llvm::LLVMContext &context,
                 llvm::TargetMachine &machine, const ModelSource &source) {
  std::unique_ptr<llvm::Module> llvmModule =
      translateModuleToLLVMIR(module, context, source.path);
  if (!llvmModule)
    return reportFailure(source);
  setTarget(*llvmModule, machine);
  return llvmModule;
}

llvm::Expected<std::string>
ravel::emit(llvm::Module &module, llvm::TargetMachine &machine, bool asText) {
  llvm::SmallVector<char, 0> bytes;
  llvm::raw_svector_ostream stream(bytes);
  llvm::legacy::PassManager passes;
  if (machine.addPassesToEmitFile(passes, stream, nullptr,
                                  asText ? llvm::CodeGenFileType::AssemblyFile
                                         : llvm::CodeGenFileType::ObjectFile))
    return makeError("this target can't write object files");
  passes.run(module);
  return std::string(bytes.begin(), bytes.end());
}

llvm::Expected<std::string> ravel::compileToObject(ModuleOp module,
                                                   llvm::TargetMachine &machine,
                                                   unsigned level,
                                                   const ModelSource &source) {
  llvm::LLVMContext context;
  llvm::Expected<std::unique_ptr<llvm::Module>> llvmModule =
      translate(module, context, machine, source);
  if (!llvmModule)
    return llvmModule.takeError();
  if (llvm::Error error = optimize(**llvmModule, machine, level))
    return error;
  return emit(**llvmModule, machine);
}
