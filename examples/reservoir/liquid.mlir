// A liquid state machine that tells spike patterns apart by its neurons' filtered
// spikes at the end: Maass, Natschlaeger & Markram, Real-time computing without
// stable states, Neural Computation 14 (2002).

#input_scaling = 0.5
#input_density = 0.3
#density = 0.1
#scaling = 0.1
!units = tensor<135xf32>
!spikes = tensor<40xf32>
!words = tensor<10xf32>

func.func @recognize(%x: !rnn.seq<!spikes>) -> !words {
  %h = rnn.unroll @liquid "liquid" (%x) {settings = {input_density = #input_density, input_scaling = #input_scaling, density = #density, scaling = #scaling}} : (!rnn.seq<!spikes>) -> !rnn.seq<!units>
  %l = rnn.last %h : !rnn.seq<!units>
  %y = rnn.readout "word" (%l) : (!units) -> !words
  return %y : !words
}
func.func @loss(%x: !rnn.seq<!spikes>, %y: i32) -> f32 {
  %s = call @recognize(%x) : (!rnn.seq<!spikes>) -> !words
  %l = rnn.cross_entropy %s, %y : !words, i32
  return %l : f32
}
