// RUN: ravel-opt %s --rnn-verify-codegen | FileCheck %s

// CHECK-LABEL: func.func @instructions_may_stay
func.func @instructions_may_stay(%x: vector<8xf32>) -> vector<8xf32> {
  %a = math.absf %x : vector<8xf32>
  %y = math.sqrt %a : vector<8xf32>
  return %y : vector<8xf32>
}
