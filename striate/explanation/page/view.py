"""What the templates of the pages about a network's inside work out of what was found."""

from __future__ import annotations

from collections.abc import Sequence, Sized
from dataclasses import dataclass
from functools import cached_property

from markupsafe import Markup

from striate.explanation.contribution_path import PathStep
from striate.explanation.inspection import Inspection
from striate.explanation.layer_filters import LayerFilters
from striate.explanation.layer_maps import LayerMaps
from striate.explanation.page import drawings
from striate.explanation.page.sums import Grids, Softmax, softmax, write_out_grids
from striate.explanation.score_decomposition import ScoreDecomposition
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
}


class View:
    """What the pages of an image and of a folder both need."""

    titles = TITLES
    draw_overlay = staticmethod(drawings.draw_overlay)
    draw_own_grid = staticmethod(drawings.draw_own_grid)
    draw_field = staticmethod(drawings.draw_field)
    draw_mean_map = staticmethod(drawings.draw_mean_map)

    @staticmethod
    def tall(rows: Sized, most: int) -> int:
        """Give how many rows there are where these are more than that, else 0."""
        return len(rows) if len(rows) > most else 0

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

    @staticmethod
    def join_methods(methods: Sequence[str]) -> str:
        """Name methods in a row.

        >>> ImageView.join_methods(["cam", "grad-cam", "hires-cam"])
        'class activation map, Grad-CAM and HiRes-CAM'
        """
        *first, last = (TITLES[each] for each in methods)
        return f"{', '.join(first)} and {last}" if first else last

    @staticmethod
    def draw_contrast(found: ScoreDecomposition) -> str:
        """Draw why one class and not another."""
        return drawings.draw_contrast(found)

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
    def grids(self) -> Grids | None:
        """The sum over patches, where the one shown is such."""
        return (
            None
            if self.found.arithmetic is None
            else write_out_grids(self.found.arithmetic.steps[0])
        )

    @property
    def softmax(self) -> Softmax:
        """How the logits become probabilities."""
        return softmax(self.found.logits, self.found.classes, self.found.temperature)

    @staticmethod
    def format_position(unit: int, row: int, column: int) -> str:
        """Write where a number stands; a full connection has neither row nor column."""
        return f"{unit}" if row < 0 else f"{unit}, {row}, {column}"
