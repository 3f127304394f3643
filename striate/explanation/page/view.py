"""What the templates of the pages about a network's inside work out of what was found."""

from __future__ import annotations

from collections.abc import Sequence, Sized
from dataclasses import dataclass
from functools import cached_property

from markupsafe import Markup

from striate.explanation.contribution_path import PathStep
from striate.explanation.folder_truth import contradicts
from striate.explanation.inspection import Inspection
from striate.explanation.layer_filters import LayerFilters
from striate.explanation.layer_maps import LayerMaps
from striate.explanation.page import drawings, overlays
from striate.explanation.page.sums import Grids, Softmax, softmax, write_out_grids
from striate.explanation.unit_arithmetic import ArithmeticStep, UnitArithmetic
from striate.explanation.unit_inspection import UnitInspection
from striate.render.evidence_plot import Orders, removal_still
from striate.render.template import number

Files = Sequence[tuple[str, str]]

FILTERS, CHANNELS = 8, 8  # of a deeper layer that are shown, and input channels of each
FIRST = 96  # filters of a first layer that are shown

TITLES = {
    "cam": "class activation map",
    "grad-cam": "Grad-CAM",
    "hires-cam": "HiRes-CAM",
    "grad-cam++": "Grad-CAM++",
    "layer-cam": "Layer-CAM",
    "occlusion": "occlusion",
    "integrated-gradients": "integrated gradients",
    "smoothgrad": "SmoothGrad",
    "gradient": "gradient",
    "deconvolution": "deconvolution",
    "guided-backprop": "guided backpropagation",
}

FAILED = {  # what it means that a map did not pass a check
    "deletion": "What it marks matters no more than pixels at random: the class falls no faster "
    "when it is removed (deletion).",
    "insertion": "What it marks is no more than pixels at random: the class rises no faster when "
    "it is shown (insertion).",
    "randomisation": "It hardly changes when the network's weights are drawn anew, so it may show "
    "the image's edges rather than what the network knows.",
    "alignment": "It lies half a cell or more beside where the network looks.",
    "pointing": "Its maximum does not lie on the object.",
    "energy": "No more of it lies on the object than the object's share of the image.",
}


class View:
    """What the pages of an image and of a folder both need."""

    titles = TITLES
    draw_mean_map = staticmethod(drawings.draw_mean_map)
    mark_shortcut = staticmethod(drawings.mark_shortcut)

    @staticmethod
    def tall(rows: Sized, most: int) -> int:
        """Give how many rows there are where these are more than that, else 0."""
        return len(rows) if len(rows) > most else 0

    @staticmethod
    def trio(found: Sequence[LayerFilters]) -> list[drawings.DrawnWeights]:
        """Draw the weights of the first, the middle and the last convolution."""
        return drawings.draw_trio(found)

    @staticmethod
    def draw_first_filters(one: LayerFilters) -> list[tuple[int, str]]:
        """Draw the filters of a first layer."""
        return drawings.draw_first_filters(one, FIRST)

    @staticmethod
    def deeper(found: Sequence[LayerFilters]) -> list[LayerFilters]:
        """Give the deeper layers whose filters are more than one number a channel."""
        return [each for each in found[1:] if each.weights.shape[2] > 1]

    @staticmethod
    def draw_deeper_filters(one: LayerFilters) -> list[tuple[int, list[int], str]]:
        """Draw filters of a deeper layer."""
        return drawings.draw_deeper_filters(one, FILTERS, CHANNELS)

    @staticmethod
    def duplicates(one: LayerFilters) -> list[str]:
        """Name the filters that are there twice."""
        return [f"{a} and {b} ({number(cosine)})" for a, b, cosine in one.duplicates]


@dataclass(frozen=True, eq=False)
class FolderView(View):
    """The page of a folder; for the attributes see `of_folder`."""

    found: UnitInspection
    model: str
    data: str
    parameters: int
    command: str
    files: Files

    @property
    def visualized(self) -> bool:
        """Whether images were made for units."""
        return any(one.visualization for level in self.found.layers for one in level.units)


@dataclass(frozen=True, eq=False)
class ImageView(View):
    """The page of an image; for the attributes see `of_image`."""

    found: Inspection
    command: str
    files: Files

    draw_overlay = staticmethod(overlays.draw_overlay)
    draw_contrast = staticmethod(overlays.draw_contrast)
    draw_field = staticmethod(overlays.draw_field)
    draw_own_grid = staticmethod(drawings.draw_own_grid)
    draw_view = staticmethod(drawings.draw_view)

    @property
    def contradicted(self) -> bool:
        """Whether the answer leaves out the class that the image's folder names."""
        return contradicts(self.found.truth, self.found.answer)

    @property
    def photo(self) -> str:
        """The image itself, which every map lies over."""
        return overlays.draw_photo(self.found.image)

    @cached_property
    def overlay(self) -> overlays.Overlay | None:
        """The first map over the image; None where there is none."""
        return (
            overlays.draw_overlay(self.found.explanations[0]) if self.found.explanations else None
        )

    @property
    def trust(self) -> str:
        """Whether the first map can be trusted, in a sentence."""
        checks = {} if self.found.evaluation is None else self.found.evaluation.checks
        passed = sum(checks.values())
        if passed == len(checks):
            return f"This map earned trust: it passes all {passed} checks."
        much = "full trust" if passed else "trust"
        return f"This map did not earn {much}: it passes {passed} of {len(checks)} checks."

    @property
    def failed(self) -> list[str]:
        """What the checks mean that the first map did not pass."""
        checks = {} if self.found.evaluation is None else self.found.evaluation.checks
        return [FAILED[kind] for kind, passed in checks.items() if not passed]

    @staticmethod
    def join_methods(methods: Sequence[str]) -> str:
        """Name methods in a row.

        >>> ImageView.join_methods(["cam", "grad-cam", "hires-cam"])
        'class activation map, Grad-CAM and HiRes-CAM'
        """
        *first, last = (TITLES[each] for each in methods)
        return f"{', '.join(first)} and {last}" if first else last

    @property
    def perturbation_plot(self) -> Markup:
        """The curves of deletion and insertion."""
        proof = self.found.evaluation
        if proof is None:
            return Markup()
        both = (proof.deletion, proof.insertion)
        orders = [
            Orders(
                one.kind,
                one.fractions,
                one.by_map.probability,
                one.by_center.probability,
                [each.probability for each in one.by_random],
            )
            for one in both
        ]
        return removal_still(orders, about=proof.target).svg(
            title="Deletion and insertion",
            description=" ".join(f"{one.words}." for one in both),
        )

    @property
    def layers(self) -> list[LayerMaps]:
        """The layers whose maps are shown."""
        return [self.found.feature_maps[address] for address in self.found.block_outputs]

    @cached_property
    def reaches(self) -> dict[str, float]:
        """The size of a number that has the full colour, by the address of the layer."""
        return self.found.feature_maps.color_limits

    def draw_maps(self, layer: LayerMaps) -> dict[str, str]:
        """Draw the maps of a layer, and their gradients."""
        return drawings.draw_maps(layer, self.reaches[layer.name])

    @property
    def added(self) -> list[PathStep]:
        """The strides of the walk that add something up."""
        strides = () if self.found.path is None else self.found.path.steps
        return [one for one in strides if len(one.arithmetic.terms.value) > 1]

    @property
    def sums(self) -> dict[int, UnitArithmetic]:
        """The sums of the units whose receptive fields are shown, by their places among these."""
        return {at: each for at, each in enumerate(self.found.unit_sums) if each is not None}

    @cached_property
    def places(self) -> dict[tuple[str, int], int]:
        """Where in the row of receptive fields a unit stands, by its layer and number."""
        return {(each.layer, each.unit): at for at, each in enumerate(self.found.receptive_fields)}

    @staticmethod
    def grids(step: ArithmeticStep) -> Grids | None:
        """Give the sum over patches, where a step is such."""
        return write_out_grids(step)

    @property
    def softmax(self) -> Softmax:
        """How the logits become probabilities."""
        return softmax(self.found.logits, self.found.classes, self.found.temperature)

    @staticmethod
    def format_position(unit: int, row: int, column: int) -> str:
        """Write where a number stands; a full connection has neither row nor column."""
        return f"{unit}" if row < 0 else f"{unit}, {row}, {column}"
