# The lit suite: one folder per part of the compiler, one file per pass, op
# group or behaviour of a tool.

import os

import lit.formats
import lit.util
from lit.llvm import llvm_config

config.name = "Ravel"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test"]
config.excludes = ["Inputs", "Reference", "unit", "benchmark"]
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = config.ravel_test_dir

# A test that takes more than a few seconds says "REQUIRES: slow", and
# `check-quick` leaves it out.
if not lit_config.params.get("quick"):
    config.available_features.add("slow")

# Tests never see, and never fill, the user's cache of compiled code.
llvm_config.with_environment(
    "XDG_CACHE_HOME", os.path.join(config.test_exec_root, "cache")
)
# FileCheck and the tools under test are found by their plain names.
llvm_config.with_environment("PATH", config.llvm_tools_dir, append_path=True)
llvm_config.with_environment("PATH", config.ravel_tools_dir, append_path=True)
llvm_config.with_system_environment(["HOME", "TMPDIR", "ASAN_OPTIONS"])
llvm_config.use_default_substitutions()
config.substitutions.append(("%ravel_src", config.ravel_source_dir))
config.substitutions.append(("%ravel_build", config.ravel_build_dir))
config.substitutions.append(("%llvm_bin", config.llvm_tools_dir))

# What runs objects for other families of processors.
for feature, program in ("qemu", "qemu-riscv64"), ("node", "node"):
    if lit.util.which(program):
        config.available_features.add(feature)

# What makes, and what looks into, a package of Debian.
if lit.util.which("dpkg-shlibdeps"):
    config.available_features.add("dpkg")
