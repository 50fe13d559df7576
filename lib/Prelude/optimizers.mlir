// Optimizers: how a parameter p is updated from its gradient g, with the
// learning rate lr, at step t (from 1). States start at zero.

//   p' = p - lr g
rnn.optimizer @sgd(%p, %g, %lr, %t) {
  %d = arith.mulf %lr, %g : tensor<?xf32>
  %p1 = arith.subf %p, %d : tensor<?xf32>
  rnn.yield %p1
}

// Polyak, Some methods of speeding up the convergence of iteration methods
// (1964).
//   v' = m v + g,  p' = p - lr v'
rnn.optimizer @momentum(%p, %g, %lr, %t) state(%v) {
  %m = rnn.hyper "momentum" 0.9 : tensor<?xf32>
  %k = arith.mulf %m, %v : tensor<?xf32>
  %v1 = arith.addf %k, %g : tensor<?xf32>
  %d = arith.mulf %lr, %v1 : tensor<?xf32>
  %p1 = arith.subf %p, %d : tensor<?xf32>
  rnn.yield %p1 state(%v1)
}

// Kingma & Ba, Adam: a method for stochastic optimization (2015), algorithm 1.
rnn.optimizer @adam(%p, %g, %lr, %t) state(%m, %v) {
  %beta1 = rnn.hyper "beta1" 0.9 : tensor<?xf32>
  %beta2 = rnn.hyper "beta2" 0.999 : tensor<?xf32>
  %epsilon = rnn.hyper "epsilon" 1.0e-8 : tensor<?xf32>
  %one = rnn.constant 1.0 : tensor<?xf32>
  %r1 = arith.subf %one, %beta1 : tensor<?xf32>
  %r2 = arith.subf %one, %beta2 : tensor<?xf32>
  %km = arith.mulf %beta1, %m : tensor<?xf32>
  %rg = arith.mulf %r1, %g : tensor<?xf32>
  %m1 = arith.addf %km, %rg : tensor<?xf32>
  %g2 = arith.mulf %g, %g : tensor<?xf32>
  %kv = arith.mulf %beta2, %v : tensor<?xf32>
  %rg2 = arith.mulf %r2, %g2 : tensor<?xf32>
  %v1 = arith.addf %kv, %rg2 : tensor<?xf32>
  // Corrections of the bias towards zero: 1 - beta^t.
  %b1t = math.powf %beta1, %t : tensor<?xf32>
  %b2t = math.powf %beta2, %t : tensor<?xf32>
  %c1 = arith.subf %one, %b1t : tensor<?xf32>
  %c2 = arith.subf %one, %b2t : tensor<?xf32>
  %mh = arith.divf %m1, %c1 : tensor<?xf32>
  %vh = arith.divf %v1, %c2 : tensor<?xf32>
  %s = math.sqrt %vh : tensor<?xf32>
  %q = arith.addf %s, %epsilon : tensor<?xf32>
  %u = arith.divf %mh, %q : tensor<?xf32>
  %d = arith.mulf %lr, %u : tensor<?xf32>
  %p1 = arith.subf %p, %d : tensor<?xf32>
  rnn.yield %p1 state(%m1, %v1)
}

// Loshchilov & Hutter, Decoupled weight decay regularization (2019),
// algorithm 2.
rnn.optimizer @adamw(%p, %g, %lr, %t) state(%m, %v) {
  %beta1 = rnn.hyper "beta1" 0.9 : tensor<?xf32>
  %beta2 = rnn.hyper "beta2" 0.999 : tensor<?xf32>
  %epsilon = rnn.hyper "epsilon" 1.0e-8 : tensor<?xf32>
  %decay = rnn.hyper "decay" 0.01 : tensor<?xf32>
  %one = rnn.constant 1.0 : tensor<?xf32>
  %r1 = arith.subf %one, %beta1 : tensor<?xf32>
  %r2 = arith.subf %one, %beta2 : tensor<?xf32>
  %km = arith.mulf %beta1, %m : tensor<?xf32>
  %rg = arith.mulf %r1, %g : tensor<?xf32>
  %m1 = arith.addf %km, %rg : tensor<?xf32>
  %g2 = arith.mulf %g, %g : tensor<?xf32>
  %kv = arith.mulf %beta2, %v : tensor<?xf32>
  %rg2 = arith.mulf %r2, %g2 : tensor<?xf32>
  %v1 = arith.addf %kv, %rg2 : tensor<?xf32>
  %b1t = math.powf %beta1, %t : tensor<?xf32>
  %b2t = math.powf %beta2, %t : tensor<?xf32>
  %c1 = arith.subf %one, %b1t : tensor<?xf32>
  %c2 = arith.subf %one, %b2t : tensor<?xf32>
  %mh = arith.divf %m1, %c1 : tensor<?xf32>
  %vh = arith.divf %v1, %c2 : tensor<?xf32>
  %s = math.sqrt %vh : tensor<?xf32>
  %q = arith.addf %s, %epsilon : tensor<?xf32>
  %u = arith.divf %mh, %q : tensor<?xf32>
  %wp = arith.mulf %decay, %p : tensor<?xf32>
  %uw = arith.addf %u, %wp : tensor<?xf32>
  %d = arith.mulf %lr, %uw : tensor<?xf32>
  %p1 = arith.subf %p, %d : tensor<?xf32>
  rnn.yield %p1 state(%m1, %v1)
}

// Tieleman & Hinton, Lecture 6.5, Neural networks for machine learning (2012).
//   s' = d s + (1 - d) g^2,  p' = p - lr g / (sqrt(s') + e)
rnn.optimizer @rmsprop(%p, %g, %lr, %t) state(%s) {
  %decay = rnn.hyper "decay" 0.99 : tensor<?xf32>
  %epsilon = rnn.hyper "epsilon" 1.0e-8 : tensor<?xf32>
  %one = rnn.constant 1.0 : tensor<?xf32>
  %r = arith.subf %one, %decay : tensor<?xf32>
  %g2 = arith.mulf %g, %g : tensor<?xf32>
  %k = arith.mulf %decay, %s : tensor<?xf32>
  %a = arith.mulf %r, %g2 : tensor<?xf32>
  %s1 = arith.addf %k, %a : tensor<?xf32>
  %root = math.sqrt %s1 : tensor<?xf32>
  %q = arith.addf %root, %epsilon : tensor<?xf32>
  %u = arith.divf %g, %q : tensor<?xf32>
  %d = arith.mulf %lr, %u : tensor<?xf32>
  %p1 = arith.subf %p, %d : tensor<?xf32>
  rnn.yield %p1 state(%s1)
}
