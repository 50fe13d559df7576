// Each stage runs alone on what the stage before it printed, and leaves nothing
// of the level before.

// RUN: ravel-opt %s -rnn-to-explicit -o %t.1
// RUN: FileCheck %s --check-prefix=EXPLICIT --input-file=%t.1
// RUN: ravel-opt %t.1 -rnn-to-gradient=objective=loss -o %t.2
// RUN: FileCheck %s --check-prefix=GRADIENT --input-file=%t.2
// RUN: ravel-opt %t.2 -rnn-to-batch -o %t.3
// RUN: FileCheck %s --check-prefix=BATCH --input-file=%t.3
// RUN: ravel-opt %t.3 -rnn-to-buffers -o %t.4
// RUN: FileCheck %s --check-prefix=BUFFERS --input-file=%t.4
// RUN: ravel-opt %t.4 -rnn-to-loops -o %t.5
// RUN: FileCheck %s --check-prefix=LOOPS --input-file=%t.5
// RUN: ravel-opt %s -rnn-to-llvm=objective=loss | FileCheck %s --check-prefix=LLVM

// EXPLICIT-NOT:   rnn.cell
// EXPLICIT-NOT:   rnn.unroll
// EXPLICIT:       rnn.parameter @a.
// EXPLICIT-LABEL: func.func @loss(
// EXPLICIT:         rnn.scan
// EXPLICIT-NOT:     rnn.gate

// The input's products left the loop; the state's are one.
// GRADIENT-LABEL: func.func @loss(
// GRADIENT:         rnn.scan ({{[^)]*}}) -> (
// GRADIENT:           rnn.linear {{.*}}tensor<2x12xf32>
// GRADIENT:         rnn.scan ({{[^)]*}}) state(
// GRADIENT:           rnn.linear {{.*}}tensor<3x12xf32>
// GRADIENT-LABEL: func.func @loss_grad(
// GRADIENT-SAME:    rnn.weight
// GRADIENT-SAME:    rnn.gradient = @a.
// GRADIENT:         rnn.scan reverse
// GRADIENT:         rnn.contract

// BATCH-NOT:      !rnn.seq
// BATCH-NOT:      rnn.scan
// BATCH-LABEL:    func.func @loss(
// BATCH:            scf.for
// BATCH:              rnn.rows
// BATCH:            } {rnn.time}

// BUFFERS-LABEL:  func.func @loss(
// BUFFERS-SAME:     memref<
// BUFFERS:            rnn.rows ins({{.*}} : memref<

// LOOPS-NOT:      rnn.rows ins
// LOOPS-LABEL:    func.func @loss(
// LOOPS:            omp.parallel
// LOOPS:              vector.fma
// LOOPS-NOT:        math.tanh

// LLVM-DAG:       llvm.func @ravel_loss(
// LLVM-DAG:       llvm.func @ravel_loss_grad(
// LLVM-NOT:       func.func

func.func @loss(%x: !rnn.seq<tensor<2xf32>>, %t: !rnn.seq<tensor<3xf32>>) -> f32 {
  %y = rnn.unroll @lstm "a"(%x) : (!rnn.seq<tensor<2xf32>>) -> !rnn.seq<tensor<3xf32>>
  %l = rnn.mse %y, %t : !rnn.seq<tensor<3xf32>>, !rnn.seq<tensor<3xf32>>
  return %l : f32
}
