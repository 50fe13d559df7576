"""What is measured: cases with their shapes and the peers that can run them."""

import dataclasses
import pathlib
import random
import string

MODELS = pathlib.Path(__file__).parent / "models"


@dataclasses.dataclass
class Case:
    group: str
    cell: str
    T: int
    B: int
    I: int
    H: int
    L: int = 1
    mode: str = "inference"  # or training, streaming
    peers: tuple = ()
    ragged: tuple = ()  # lengths from ... to
    options: dict = dataclasses.field(default_factory=dict)
    tolerance: float = 1e-3  # of differences, in parts of the largest value

    @property
    def name(self):
        shape = f"T{self.T}-B{self.B}-I{self.I}-H{self.H}-L{self.L}"
        return f"{self.group}/{self.cell}/{shape}" + ("-ragged" if self.ragged else "")

    @property
    def lengths(self):
        if not self.ragged:
            return [self.T] * self.B
        draw = random.Random(self.T * self.B)
        low, high = self.ragged
        # The longest example fills the shape, so that padding is what it says.
        lengths = [high] + [draw.randint(low, high) for _ in range(self.B - 1)]
        return sorted(lengths, reverse=True)

    @property
    def model(self):
        """The text of the model for Ravel."""
        file = f"layers-{self.L}.mlir"
        if self.mode == "streaming":
            file = "step-1-state.mlir" if self.cell.startswith("gru") else "step-2-states.mlir"
        text = string.Template((MODELS / file).read_text()).substitute(
            cell=self.cell, I=self.I, H=self.H)
        if self.cell == "made_up":
            text = (MODELS / "made-up.mlir").read_text() + text
        return text

    @property
    def swept_bytes(self):
        """Of the weights that each step must read: those of the state, and in
        a single step those of the input too."""
        own = GATES[self.cell] * self.H * (2 if "weight-type" in self.options else 4)
        return self.L * own * (self.H + (self.I if self.mode == "streaming" else 0))

    def request(self):
        """What the workers are told."""
        return {
            "cell": self.cell, "T": self.T, "B": self.B, "I": self.I, "H": self.H,
            "L": self.L, "mode": self.mode, "lengths": self.lengths,
            "ragged": bool(self.ragged), "rate": 0.001, "options": self.options,
        }


# Matrices that multiply the state.
GATES = {"lstm": 4, "lstm_peephole": 4, "lstm_layer_norm": 4, "gru": 3, "gru_reset_after": 3,
         "made_up": 3, "rnn_tanh": 1, "mingru": 0}

# T, B, I, H, layers.
INFERENCE_SHAPES = (
    (100, 1, 64, 64, 1), (100, 1, 256, 256, 1), (100, 1, 512, 512, 2),
    (50, 32, 256, 256, 1), (50, 64, 512, 512, 2), (25, 128, 1024, 1024, 1),
    (200, 1, 40, 40, 1),
)
TRAINING_SHAPES = ((50, 32, 256, 256, 1), (50, 64, 512, 512, 2), (35, 20, 650, 650, 2))
CUSTOM_SHAPES = ((50, 32, 256, 256, 1), (100, 1, 256, 256, 1))
STREAMING_SIZES = (8, 16, 32, 40, 64, 128, 256, 512)

# PyTorch has no GRU with the reset before the product.
LIBRARY_PEERS = {
    "lstm": ("onednn", "onnxruntime", "torch"),
    "gru": ("onednn", "onnxruntime"),
    "gru_reset_after": ("onednn", "onnxruntime", "torch"),
    "rnn_tanh": ("onednn", "onnxruntime", "torch"),
}
SCRIPTS = ("torch-eager", "torch-script")


def inference():
    for cell, peers in LIBRARY_PEERS.items():
        for shape in INFERENCE_SHAPES:
            yield Case("inference", cell, *shape, peers=peers)
        yield Case("inference", cell, 50, 32, 256, 256, peers=peers, ragged=(5, 50))


def training():
    for cell in ("lstm", "gru_reset_after"):
        for shape in TRAINING_SHAPES:
            yield Case("training", cell, *shape, mode="training", peers=("onednn", "torch"))


def custom():
    for shape in CUSTOM_SHAPES:
        yield Case("custom", "lstm_peephole", *shape,
                   peers=SCRIPTS + ("onnxruntime", "onednn"))
        for cell in ("lstm_layer_norm", "made_up"):
            yield Case("custom", cell, *shape, peers=SCRIPTS)
    for shape in CUSTOM_SHAPES:
        for cell in ("lstm_peephole", "lstm_layer_norm", "made_up"):
            yield Case("custom-training", cell, *shape, mode="training", peers=SCRIPTS)


def streaming():
    for cell in ("lstm", "gru_reset_after"):
        for size in STREAMING_SIZES:
            yield Case("streaming", cell, 1, 1, size, size, mode="streaming",
                       peers=("onednn", "onnxruntime", "torch"))


def scans():
    for batch in (1, 8):
        yield Case("scan", "mingru", 4096, batch, 256, 256, peers=("ravel-loop",))


def half_weights():
    """Each weight is off by up to 1/512 of itself; layers and steps add up."""
    for cell in ("lstm", "gru_reset_after"):
        yield Case("bf16", cell, 100, 1, 512, 512, 2, peers=("ravel-f32", "onnxruntime"),
                   options={"weight-type": "bf16"}, tolerance=2e-2)


def growth():
    for steps in (50, 100, 200, 400, 800):
        yield Case("growth-T", "lstm", steps, 32, 256, 256)
    for batch in (1, 2, 4, 8, 16, 32, 64, 128):
        yield Case("growth-B", "lstm", 50, batch, 256, 256)
    for size in (64, 128, 256, 512, 1024):
        yield Case("growth-H", "lstm", 50, 32, size, size)


def compiling():
    """Cases whose compilation is measured instead of their calls."""
    for cell in ("lstm", "gru_reset_after"):
        yield Case("compile", cell, 50, 32, 256, 256)
        yield Case("compile-training", cell, 50, 32, 256, 256, mode="training")


def all_cases():
    for group in (inference, training, custom, streaming, scans, half_weights, growth, compiling):
        yield from group()
