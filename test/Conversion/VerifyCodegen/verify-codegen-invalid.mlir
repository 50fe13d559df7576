// RUN: ravel-opt %s --rnn-verify-codegen --split-input-file --verify-diagnostics

func.func @G1_scalarized(%x: vector<8xf32>) -> vector<8xf32> {
  // expected-error@below {{G1: would be computed one component at a time}}
  %y = math.tanh %x : vector<8xf32>
  return %y : vector<8xf32>
}

// -----

func.func @G2_allocation(%n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  // expected-note@below {{the loop over time is here}}
  scf.for %t = %c0 to %n step %c1 {
    // expected-error@below {{G2: allocates at each step of time}}
    %a = memref.alloc() : memref<8xf32>
    memref.dealloc %a : memref<8xf32>
  } {rnn.time}
  return
}

// -----

func.func @G3_fork(%n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  // expected-note@below {{the loop over time is here}}
  scf.for %t = %c0 to %n step %c1 {
    // expected-error@below {{G3: starts threads at each step of time}}
    omp.parallel {
      omp.terminator
    }
  } {rnn.time}
  return
}
