"""The networks of PyTorch's library with the parameters of a reference."""

import torch

# For each gate in PyTorch's order the matrix of the input, that of the state
# and the bias; then the bias of the state, where it has one of its own.
LSTM = [(f"{gate}.weight.0", f"{gate}.weight.1", f"{gate}.bias", None)
        for gate in ("input", "forget", "cell", "output")]
RNN = [("hidden.weight.0", "hidden.weight.1", "hidden.bias", None)]
GRU = [("reset.weight.0", "reset.weight.1", "reset.bias", None),
       ("update.weight.0", "update.weight.1", "update.bias", None),
       ("candidate_x.weight.0", "candidate_h.weight.0", "candidate_x.bias", "candidate_h.bias")]

# Cell: gates, network, one step.
NETWORKS = {
    "lstm": (LSTM, torch.nn.LSTM, torch.nn.LSTMCell),
    "rnn_tanh": (RNN, torch.nn.RNN, torch.nn.RNNCell),
    "gru_reset_after": (GRU, torch.nn.GRU, torch.nn.GRUCell),
}


class Library:
    """A network, and the way between its parameters and the reference's."""

    def __init__(self, request, tensors):
        self.gates, network, step = NETWORKS[request["cell"]]
        I, H = request["I"], request["H"]
        self.layers = request["L"]
        if request["mode"] == "streaming":
            self.network, self.suffixes = step(I, H), [""]
        else:
            self.network = network(I, H, num_layers=self.layers)
            self.suffixes = [f"_l{layer}" for layer in range(self.layers)]
        with torch.no_grad():
            self.copy(tensors)

    def copy(self, tensors):
        for layer, suffix in enumerate(self.suffixes):
            def join(column, otherwise=None):
                return torch.cat([
                    tensors[f"layer{layer}.{gate[column]}"].t() if gate[column] else otherwise
                    for gate in self.gates])
            zeros = torch.zeros(self.network.hidden_size)
            for name, value in (("weight_ih", join(0)), ("weight_hh", join(1)),
                                ("bias_ih", join(2)), ("bias_hh", join(3, zeros))):
                getattr(self.network, name + suffix).copy_(value)

    def parameters(self):
        return self.network.parameters()

    def gradients(self):
        result = {}
        for layer, suffix in enumerate(self.suffixes):
            for column, name in enumerate(("weight_ih", "weight_hh", "bias_ih", "bias_hh")):
                grad = getattr(self.network, name + suffix).grad
                for gate, piece in zip(self.gates, grad.chunk(len(self.gates))):
                    if gate[column]:
                        result[f"layer{layer}.{gate[column]}"] = piece.t()
        return result
