// RUN: not ravel-opt %s -rnn-link-prelude=optimizer=adm 2>&1 | FileCheck %s --check-prefix=UNKNOWN
// RUN: not ravel-opt %s -rnn-link-prelude=optimizer=f 2>&1 | FileCheck %s --check-prefix=FUNCTION

// UNKNOWN: unknown optimizer @adm; there are @sgd, @momentum, @adam
// FUNCTION: @f must be a rnn.optimizer
// FUNCTION: [[@LINE+1]]:1: note: but is this
func.func private @f()
