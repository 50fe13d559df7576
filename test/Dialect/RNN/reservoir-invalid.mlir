// RUN: ravel-opt %s -verify-diagnostics -split-input-file

// expected-error@+1 {{C1: 'density' is a number, but is "dense"}}
#bad = #rnn.reservoir<density = "dense">

// -----

// expected-error@+1 {{C1: 'topology' is a word in quotes, but is 3}}
#bad = #rnn.reservoir<topology = 3>

// -----

// expected-error@+1 {{C2: 'density' is 1.500000e+00; expected at least 1.000000e-09 and at most 1.000000e+00}}
#bad = #rnn.reservoir<density = 1.5>

// -----

// expected-error@+1 {{C2: 'spectral_radius' is -1.000000e+00; expected at least 0.000000e+00}}
#bad = #rnn.reservoir<spectral_radius = -1.0>

// -----

// expected-error@+1 {{C3: 'topology' is "star"; expected one of random, ring, delay_line, small_world}}
#bad = #rnn.reservoir<topology = "star">

// -----

// The default of a setting is checked like what it stands for.
// expected-error@+1 {{C3: 'distribution' is "cauchy"; expected one of uniform, normal, bernoulli, constant}}
#bad = #rnn.reservoir<distribution = #rnn.setting<"distribution", "cauchy">>

// -----

// expected-error@+1 {{C4: 'scale' and 'spectral_radius' exclude each other: both say how large weights are}}
#bad = #rnn.reservoir<scale = 1.0, spectral_radius = 0.9>

// -----

func.func @readout_of_nothing() {
  // expected-error@+1 {{C1: needs at least one operand}}
  %y = rnn.readout "out" () : () -> tensor<3xf32>
  return
}
