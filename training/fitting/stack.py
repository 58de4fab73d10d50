"""Several networks of one shape as one program.

The fits of an evaluation are small and alike. Their weights are stacked along a new first axis and
the one network of `training.network.model` is mapped over it (`torch.func`), so that a step of all
of them is a step of one program: one launch per layer on an accelerator instead of one per layer
and fit.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap

from training.network.model import RTCAN


class Stack:
    """`k` networks, fitted and asked together.

    Parameters
    ----------
    networks : sequence of RTCAN
        Of the same shape, on the same device; their weights are copied.
    products : torch.dtype
        What convolutions and matrix products compute in. Weights, gradients, normalisations and
        outputs are float32 in any case.

    Attributes
    ----------
    flat : float32 (k, parameters)
        All weights, a row per network; what an optimiser changes in place.
    weights : dict of str to float32 (k, ...)
        The same memory by name and shape, as leaves that gradients are asked for.
    buffers : dict of str to Tensor (k, ...)
        Running statistics of the normalisations, which a forward pass in training changes.
    """

    def __init__(self, networks: Sequence[RTCAN], products: torch.dtype = torch.float32) -> None:
        self._form = copy.deepcopy(networks[0])
        self._products = products
        self._cast = set() if products == torch.float32 else _compute_in(self._form, products)
        weights, buffers = stack_module_state(list(networks))
        self.flat = torch.cat([w.detach().flatten(1) for w in weights.values()], dim=1)
        self.buffers: dict[str, Tensor] = {n: b.detach().clone() for n, b in buffers.items()}
        self._shapes = {name: w.shape[1:] for name, w in weights.items()}
        self.weights = self._views()

    def __len__(self) -> int:
        return len(self.flat)

    def __call__(
        self,
        eda: Tensor,
        music: Tensor | None = None,
        *,
        training: bool,
        active: Tensor | None = None,
    ) -> Tensor:
        """Ask every network about its own windows.

        Parameters
        ----------
        eda : float32 (k, n, 3, L)
            Windows.
        music : float32 (k, n, m) or None
            Their songs.
        training : bool
            Whether normalisation uses the batch's statistics and learns them.
        active : bool (k, 1) or None
            Whose normalisations learn; None for all.

        Returns
        -------
        float32 (k, n, classes)
            What `RTCAN.forward` gives.
        """
        self._form.train(training)
        inputs = (eda,) if music is None else (eda, music)
        if active is None:
            return self._ask(inputs)
        before = {name: b.clone() for name, b in self.buffers.items()}
        out = self._ask(inputs)
        # Not in place: the backward pass still asks for what the forward pass saw.
        self.buffers = {
            name: torch.where(active.view(-1, *[1] * (b.dim() - 1)), b, before[name])
            for name, b in self.buffers.items()
        }
        return out

    def _ask(self, inputs: tuple[Tensor, ...]) -> Tensor:
        weights = {
            name: w.to(self._products) if name in self._cast else w
            for name, w in self.weights.items()
        }
        if len(self) == 1:  # mapping over one costs a seventh more on a processor
            state = {n: t[0] for n, t in (weights | self.buffers).items()}
            out: Tensor = functional_call(self._form, state, tuple(i[0] for i in inputs))
            return out[None].to(self.flat.dtype)

        def one(weights: dict[str, Tensor], buffers: dict[str, Tensor], *own: Tensor) -> Tensor:
            answer: Tensor = functional_call(self._form, (weights, buffers), own)
            return answer

        mapped: Tensor = vmap(one)(weights, self.buffers, *inputs)
        return mapped.to(self.flat.dtype)

    def gradient(self, loss: Tensor) -> Tensor:
        """Return the gradient of the sum of all fits' losses, float32 (k, parameters)."""
        found = torch.autograd.grad(loss, list(self.weights.values()))
        return torch.cat([g.flatten(1) for g in found], dim=1)

    def keep(self, numbers: Sequence[int]) -> None:
        """Go on with some of the networks only."""
        index = torch.tensor(numbers, dtype=torch.int64, device=self.flat.device)
        self.flat = self.flat[index]
        self.buffers = {name: b[index] for name, b in self.buffers.items()}
        self.weights = self._views()

    def _views(self) -> dict[str, Tensor]:
        cut = torch.split(self.flat, [shape.numel() for shape in self._shapes.values()], dim=1)
        return {
            name: part.view(len(self.flat), *shape).requires_grad_()
            for (name, shape), part in zip(self._shapes.items(), cut, strict=True)
        }


def _compute_in(form: RTCAN, dtype: torch.dtype) -> set[str]:
    """Have inputs cast before every layer, and return the names of weights that are to be, too.

    What `torch.autocast` does; but that does not reach the layers under `torch.func.vmap`.
    """

    def cast(to: torch.dtype) -> Callable[[nn.Module, tuple[Tensor, ...]], tuple[Tensor, ...]]:
        return lambda module, inputs: tuple(i.to(to) for i in inputs)

    names = set()
    for name, module in form.named_modules():
        if isinstance(module, nn.Conv1d | nn.Linear):
            module.register_forward_pre_hook(cast(dtype))
            names |= {f"{name}.{own}" for own, _ in module.named_parameters()}
        elif isinstance(module, nn.BatchNorm1d):
            module.register_forward_pre_hook(cast(torch.float32))
    return names


class Best:
    """The weights at each fit's best epoch, on the device.

    Parameters
    ----------
    stack : Stack
        Of all fits, as they begin.
    """

    def __init__(self, stack: Stack) -> None:
        self._kept = {n: t.detach().clone() for n, t in (stack.weights | stack.buffers).items()}

    def take(self, stack: Stack, rows: Sequence[int], fits: Sequence[int]) -> None:
        """Keep the present weights of some rows of the stack as those of these fits."""
        now = stack.weights | stack.buffers
        from_, to = (torch.tensor(i, device=stack.flat.device) for i in (rows, fits))
        for name, kept in self._kept.items():
            kept[to] = now[name].detach()[from_]

    def states(self) -> list[dict[str, Tensor]]:
        """Return each fit's `state_dict`, on the CPU."""
        kept = {name: t.cpu() for name, t in self._kept.items()}
        number = len(next(iter(kept.values())))
        return [{name: t[fit].clone() for name, t in kept.items()} for fit in range(number)]
