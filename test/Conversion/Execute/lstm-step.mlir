// RUN: ravel-opt %s --rnn-decompose --rnn-schedule --rnn-lower-rows %lower | %run | FileCheck %s
// RUN: ravel-opt %s --rnn-decompose --rnn-schedule=rows=1 --rnn-lower-rows %lower | %run | FileCheck %s
// RUN: ravel-opt %s --rnn-decompose --rnn-schedule="rows=2 vectors=3 vector-width=128" --rnn-lower-rows %lower | %run | FileCheck %s

// A step of an LSTM: four gates of one product, states in place, a size that no
// vector divides and rows that no block divides.

func.func @step(%x: memref<?x44xf32>, %h: memref<?x11xf32>, %c: memref<?x11xf32>, %U: memref<11x44xf32>) {
  rnn.rows ins(%xr = %x : memref<?x44xf32>, %hr = %h : memref<?x11xf32>, %cr = %c : memref<?x11xf32>)
      shared(%w = %U : memref<11x44xf32>) outs(%h, %c : memref<?x11xf32>, memref<?x11xf32>) {
    %l = rnn.linear %hr, %w : tensor<11xf32>, tensor<11x44xf32> -> tensor<44xf32>
    %p = arith.addf %l, %xr : tensor<44xf32>
    %pi = tensor.extract_slice %p[0] [11] [1] : tensor<44xf32> to tensor<11xf32>
    %pf = tensor.extract_slice %p[11] [11] [1] : tensor<44xf32> to tensor<11xf32>
    %pg = tensor.extract_slice %p[22] [11] [1] : tensor<44xf32> to tensor<11xf32>
    %po = tensor.extract_slice %p[33] [11] [1] : tensor<44xf32> to tensor<11xf32>
    %i = rnn.sigmoid %pi : tensor<11xf32>
    %f = rnn.sigmoid %pf : tensor<11xf32>
    %g = math.tanh %pg : tensor<11xf32>
    %o = rnn.sigmoid %po : tensor<11xf32>
    %keep = arith.mulf %f, %cr : tensor<11xf32>
    %new = arith.mulf %i, %g : tensor<11xf32>
    %c1 = arith.addf %keep, %new : tensor<11xf32>
    %t = math.tanh %c1 : tensor<11xf32>
    %h1 = arith.mulf %o, %t : tensor<11xf32>
    rnn.yield %h1, %c1 : tensor<11xf32>, tensor<11xf32>
  }
  return
}

// CHECK: 1
// CHECK-NEXT: 1
func.func @main() {
  %n7 = arith.constant 7 : index
  %x = memref.alloc(%n7) : memref<?x44xf32>
  %x_any = memref.cast %x : memref<?x44xf32> to memref<?x?xf32>
  call @fill(%x_any) : (memref<?x?xf32>) -> ()
  %h = memref.alloc(%n7) : memref<?x11xf32>
  %h_any = memref.cast %h : memref<?x11xf32> to memref<?x?xf32>
  call @fill(%h_any) : (memref<?x?xf32>) -> ()
  %c = memref.alloc(%n7) : memref<?x11xf32>
  %c_any = memref.cast %c : memref<?x11xf32> to memref<?x?xf32>
  call @fill(%c_any) : (memref<?x?xf32>) -> ()
  %U = memref.alloc() : memref<11x44xf32>
  %U_any = memref.cast %U : memref<11x44xf32> to memref<?x?xf32>
  call @fill(%U_any) : (memref<?x?xf32>) -> ()
  call @step(%x, %h, %c, %U) : (memref<?x44xf32>, memref<?x11xf32>, memref<?x11xf32>, memref<11x44xf32>) -> ()
  %h_e = memref.get_global @expected_h : memref<7x11xf32>
  %h_expected = memref.cast %h_e : memref<7x11xf32> to memref<?x?xf32>
  call @compare(%h_any, %h_expected) : (memref<?x?xf32>, memref<?x?xf32>) -> ()
  %c_e = memref.get_global @expected_c : memref<7x11xf32>
  %c_expected = memref.cast %c_e : memref<7x11xf32> to memref<?x?xf32>
  call @compare(%c_any, %c_expected) : (memref<?x?xf32>, memref<?x?xf32>) -> ()
  return
}

// Element (i, j) is ((7 i + 3 j) mod 11 - 5) / 8.
func.func private @fill(%m: memref<?x?xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %c5 = arith.constant 5 : index
  %c7 = arith.constant 7 : index
  %c11 = arith.constant 11 : index
  %eighth = arith.constant 0.125 : f32
  %rows = memref.dim %m, %c0 : memref<?x?xf32>
  %columns = memref.dim %m, %c1 : memref<?x?xf32>
  scf.for %i = %c0 to %rows step %c1 {
    scf.for %j = %c0 to %columns step %c1 {
      %a = arith.muli %i, %c7 : index
      %b = arith.muli %j, %c3 : index
      %s = arith.addi %a, %b : index
      %r = arith.remui %s, %c11 : index
      %d = arith.subi %r, %c5 : index
      %k = arith.index_cast %d : index to i32
      %f = arith.sitofp %k : i32 to f32
      %v = arith.mulf %f, %eighth : f32
      memref.store %v, %m[%i, %j] : memref<?x?xf32>
    }
  }
  return
}


// Prints 1 where no element differs from what is expected by more than 1.0e-6.
func.func private @printI64(i64)
func.func private @printNewline()
func.func private @compare(%m: memref<?x?xf32>, %expected: memref<?x?xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %true = arith.constant true
  %tolerance = arith.constant 1.0e-6 : f32
  %rows = memref.dim %m, %c0 : memref<?x?xf32>
  %columns = memref.dim %m, %c1 : memref<?x?xf32>
  %all = scf.for %i = %c0 to %rows step %c1 iter_args(%a = %true) -> (i1) {
    %row = scf.for %j = %c0 to %columns step %c1 iter_args(%b = %a) -> (i1) {
      %x = memref.load %m[%i, %j] : memref<?x?xf32>
      %y = memref.load %expected[%i, %j] : memref<?x?xf32>
      %d = arith.subf %x, %y : f32
      %size = math.absf %d : f32
      %near = arith.cmpf ole, %size, %tolerance : f32
      %both = arith.andi %b, %near : i1
      scf.yield %both : i1
    }
    scf.yield %row : i1
  }
  %print = arith.extui %all : i1 to i64
  call @printI64(%print) : (i64) -> ()
  call @printNewline() : () -> ()
  return
}

// Computed in Python from the formulas.
memref.global "private" constant @expected_h : memref<7x11xf32> = dense<
  [[-0.121122567, -0.0995518733, 0.0699546303, 0.116966716, -0.137863222, -0.0204554109, -0.00179848798, 0.42075049, -0.11349414, 0.318495759, 0.012900537],
   [0.087672158, 0.690421693, -0.0744282548, 0.318495759, 0.168825379, -0.13581243, -0.0877715303, 0.133573808, 0.407931398, -0.0863944611, -0.0545507359],
   [-0.0750937115, -0.0400789394, 0.333794605, -0.118854618, 0.220319016, -0.0248369276, 0.690421693, -0.11349414, 0.0, 0.0506531832, -0.150254406],
   [0.42075049, -0.08906214, 0.0500164615, 0.318493431, -0.0811894936, -0.0934132073, 0.0186257517, 0.635495388, -0.070380529, 0.220319016, 0.087672158],
   [-0.0503728762, 0.635495388, -0.118854618, -0.0545507359, -0.00179848798, 0.489458145, -0.113677271, -0.0656150414, 0.242512505, -0.118035397, 0.121777837],
   [-0.118184398, -0.0354962541, 0.570944264, -0.0648616337, 0.121777837, 0.0186257517, 0.333794605, -0.0863944611, -0.0204554109, 0.22513747, 0.19446782],
   [0.407931398, -0.137863222, -0.080695184, 0.152500291, 0.346044659, 0.0285969666, -0.0658918642, 0.570944264, -0.118035397, -0.0934132073, -0.0400789394]]>
memref.global "private" constant @expected_c : memref<7x11xf32> = dense<
  [[-0.220441059, -0.256853708, 0.132458652, 0.240296079, -0.34200629, -0.0399954127, -0.00414418223, 0.768338018, -0.320096783, 0.488915619, 0.0305429744],
   [0.170385559, 1.2450919, -0.298340873, 0.488915619, 0.316806659, -0.411261705, -0.283899151, 0.23718746, 0.718988506, -0.337157328, -0.11689435],
   [-0.157580882, -0.0996402163, 0.598878802, -0.367223396, 0.338378741, -0.0633898835, 1.2450919, -0.320096783, 0.0, 0.109388874, -0.407840772],
   [0.768338018, -0.316209575, 0.0923965839, 0.553077644, -0.348685143, -0.216687021, 0.0381638894, 1.09502289, -0.31078316, 0.338378741, 0.170385559],
   [-0.13968143, 1.09502289, -0.367223396, -0.11689435, -0.00414418223, 0.887333536, -0.258570059, -0.177335406, 0.434636436, -0.39995256, 0.190249912],
   [-0.298720963, -0.0778057245, 0.944096054, -0.315962715, 0.190249912, 0.0381638894, 0.598878802, -0.337157328, -0.0399954127, 0.391655134, 0.38701918],
   [0.718988506, -0.34200629, -0.238234782, 0.278231642, 0.641623597, 0.0462479914, -0.199540295, 0.944096054, -0.39995256, -0.216687021, -0.0996402163]]>
