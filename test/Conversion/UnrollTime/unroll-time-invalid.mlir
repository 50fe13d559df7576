// RUN: not ravel-opt %s -rnn-unroll-time=factor=0 2>&1 | FileCheck %s

// CHECK: rnn-unroll-time: factor must be at least 1, but is 0
