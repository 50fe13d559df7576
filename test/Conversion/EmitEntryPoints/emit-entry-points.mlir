// RUN: ravel-opt %s -rnn-emit-entry-points | FileCheck %s

// All but the entry points is internal; what arguments are is no longer said.
// CHECK-LABEL: llvm.func internal @f(
// CHECK-SAME:    %{{.*}}: !llvm.ptr {llvm.noalias}, %{{.*}}: i64)
llvm.func @f(%a: !llvm.ptr {rnn.role = "input", llvm.noalias}, %n: i64) {
  llvm.return
}

// CHECK-LABEL: llvm.func @ravel_f(
// CHECK-SAME:    %[[ARGS:.*]]: !llvm.ptr) {
// CHECK-NEXT:    %[[S0:.*]] = llvm.getelementptr %[[ARGS]][0]
// CHECK-NEXT:    %[[A0:.*]] = llvm.load %[[S0]] : !llvm.ptr -> !llvm.ptr
// CHECK-NEXT:    %[[S1:.*]] = llvm.getelementptr %[[ARGS]][1]
// CHECK-NEXT:    %[[P1:.*]] = llvm.load %[[S1]] : !llvm.ptr -> !llvm.ptr
// CHECK-NEXT:    %[[A1:.*]] = llvm.load %[[P1]] : !llvm.ptr -> i64
// CHECK-NEXT:    llvm.call @_mlir_ciface_f(%[[A0]], %[[A1]]) : (!llvm.ptr, i64) -> ()
// CHECK-NEXT:    llvm.return
// CHECK:       llvm.func internal @_mlir_ciface_f(
llvm.func @_mlir_ciface_f(%a: !llvm.ptr, %n: i64) {
  llvm.call @f(%a, %n) : (!llvm.ptr, i64) -> ()
  llvm.return
}

// CHECK-LABEL: llvm.func @"ravel_odd name"(
llvm.func @"_mlir_ciface_odd name"() {
  llvm.return
}

// CHECK-NOT:   ravel_omp
// CHECK:       llvm.func @omp_get_thread_num() -> i32
llvm.func @omp_get_thread_num() -> i32
