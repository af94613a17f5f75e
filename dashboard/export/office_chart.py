"""A native, editable chart on a slide: its workbook inside, colours and labels ours, gaps where nothing is known."""

from itertools import pairwise
from typing import Any

from pptx.chart.chart import Chart as Graph
from pptx.chart.data import CategoryChartData, XyChartData
from pptx.dml.color import RGBColor
from pptx.enum.chart import (
    XL_CHART_TYPE,
    XL_LABEL_POSITION,
    XL_LEGEND_POSITION,
    XL_MARKER_STYLE,
    XL_TICK_LABEL_POSITION,
)
from pptx.enum.dml import MSO_LINE
from pptx.oxml import parse_xml
from pptx.oxml.ns import qn
from pptx.oxml.xmlchemy import OxmlElement
from pptx.util import Pt

from dashboard.charts.rows import Values
from dashboard.charts.theme import LIGHT
from dashboard.export.native import Chart, Series

FONT = 14
QUIET, RULE = (RGBColor.from_string(color.lstrip("#")) for color in (LIGHT.quiet, LIGHT.rule))
TYPES = {
    "bar": XL_CHART_TYPE.BAR_CLUSTERED,
    "column": XL_CHART_TYPE.COLUMN_CLUSTERED,
    "line": XL_CHART_TYPE.LINE_MARKERS,
    "plane": XL_CHART_TYPE.XY_SCATTER,
}
LABELS = 14
"""Categories that a time axis names at most."""
AREA = (0.07, 0.04, 0.76, 0.72)
"""Left, top, width and height of the plot in a chart over time: the labels at the lines' ends need the rest."""
AFTER_TYPE = (
    "c:dPt",
    "c:dLbls",
    "c:trendline",
    "c:errBars",
    "c:cat",
    "c:val",
    "c:xVal",
    "c:yVal",
    "c:smooth",
    "c:extLst",
)


def add(shapes: Any, chart: Chart, box: tuple[int, int, int, int], alt: str, name: str) -> Any:
    """The chart on a slide's ``shapes``; ``box``: left, top, width, height in EMU. Returns its frame."""
    frame = shapes.add_chart(TYPES[chart.kind], *box, _data(chart))
    about = frame._element.nvGraphicFramePr.cNvPr
    about.set("descr", alt)
    about.set("name", name)
    graph = frame.chart
    graph.font.size = Pt(FONT)
    graph.has_title = False
    _legend(graph, chart)
    _axes(graph, chart)
    for drawn, series in zip(graph.plots[0].series, chart.series, strict=True):
        _style(drawn, series, chart)
    _labels(graph, chart)
    if chart.kind == "bar":
        graph.plots[0].gap_width, graph.plots[0].overlap = 45, -5
        graph.plots[0].vary_by_categories = False
    if chart.kind == "line":
        _place(graph)
    _gaps(graph)
    return frame


def _data(chart: Chart) -> Any:
    if chart.kind == "plane":
        plane = XyChartData(number_format=chart.number_format)
        for series in chart.series:
            own = plane.add_series(series.name)
            for x, y in zip(series.across or (), series.values, strict=True):
                own.add_data_point(x, y)
        return plane
    data = CategoryChartData(number_format=chart.number_format)
    data.categories = chart.categories
    for series in chart.series:
        data.add_series(series.name, series.values)
    return data


def _legend(graph: Graph, chart: Chart) -> None:
    """Only where there is more than one series, and not for points that carry their names."""
    graph.has_legend = len(chart.series) > 1 and chart.kind != "plane"
    if graph.has_legend and graph.legend is not None:
        graph.legend.position = XL_LEGEND_POSITION.BOTTOM
        graph.legend.include_in_layout = False
        graph.legend.font.size = Pt(12)


def _axes(graph: Graph, chart: Chart) -> None:
    values, names = graph.value_axis, graph.category_axis
    values.minimum_scale, values.maximum_scale, values.major_unit = chart.low, chart.top, chart.step
    values.has_major_gridlines = chart.kind == "line"
    if values.has_major_gridlines:
        values.major_gridlines.format.line.color.rgb = RULE
    values.format.line.fill.background()
    values.tick_labels.number_format, values.tick_labels.number_format_is_linked = chart.number_format, False
    names.format.line.color.rgb = RGBColor.from_string(LIGHT.expected.lstrip("#"))
    names.has_major_gridlines = False
    names.tick_labels.font.size = Pt(12 if len(chart.categories) > 10 else FONT)
    names.tick_labels.font.color.rgb = QUIET
    values.tick_labels.font.color.rgb = QUIET
    if chart.kind == "bar":  # from the top, as the table reads; the values stand at the bars
        names.reverse_order = True
        values.visible = False
    if chart.kind == "plane":
        values.visible = False
        names.tick_labels.number_format, names.tick_labels.number_format_is_linked = chart.number_format, False
        names.minimum_scale, names.maximum_scale = _across(chart)
    if chart.kind == "line":
        names.tick_label_position = XL_TICK_LABEL_POSITION.LOW
        _thin_out(names, len(chart.categories))
        if chart.unit:
            _axis_title(values, chart.unit)


def _across(chart: Chart) -> tuple[float, float]:
    """A range in tenths that holds every point and interval of a plane."""
    cells = [v for one in chart.series for some in (one.across, one.low, one.high) for v in some or () if v is not None]
    return int(min(cells) * 10 - 0.5) / 10, int(max(cells) * 10 + 1.5) / 10


def _axis_title(axis: Any, words: str) -> None:
    axis.has_title = True
    axis.axis_title.text_frame.text = words
    run = axis.axis_title.text_frame.paragraphs[0].runs[0]
    run.font.size, run.font.bold, run.font.color.rgb = Pt(12), False, QUIET


def _thin_out(axis: Any, count: int) -> None:
    """Every so many categories are named, so that no two words meet."""
    for tag in ("c:tickLblSkip", "c:tickMarkSkip"):
        skip = OxmlElement(tag)
        skip.set("val", str(-(-count // LABELS)))
        last = axis._element.find(qn("c:noMultiLvlLbl"))
        last.addprevious(skip)


# --- series ----------------------------------------------------------------------------------------------


def _style(drawn: Any, series: Series, chart: Chart) -> None:
    color = RGBColor.from_string(series.color)
    if series.style == "bar":
        drawn.format.fill.solid()
        drawn.format.fill.fore_color.rgb = color
        drawn.invert_if_negative = False
    else:
        _line(drawn, series, color)
    if series.low and series.high:
        of = series.across if chart.kind == "plane" else series.values
        _error_bars(drawn._element, of or [], series.low, series.high, chart.kind == "plane")
    if series.style == "launch":
        _stem(drawn._element, series.color)


def _line(drawn: Any, series: Series, color: RGBColor) -> None:
    drawn.smooth = False
    line = drawn.format.line
    if series.style in ("points", "launch"):
        line.fill.background()
    else:
        line.color.rgb = color
        line.width = Pt({"solid": 3.25, "dash": 2.25}.get(series.style, 1.5))
        if series.style != "solid":
            line.dash_style = MSO_LINE.DASH if series.style == "dash" else MSO_LINE.SQUARE_DOT
    few = sum(v is not None for v in series.values) <= 20
    dots = series.style == "points" or (series.style == "solid" and few)
    drawn.marker.style = XL_MARKER_STYLE.CIRCLE if dots else XL_MARKER_STYLE.NONE
    if series.style == "launch":
        drawn.marker.style = XL_MARKER_STYLE.DIAMOND
    if drawn.marker.style != XL_MARKER_STYLE.NONE:
        drawn.marker.size = 9 if series.style != "solid" else 7
        drawn.marker.format.fill.solid()
        drawn.marker.format.fill.fore_color.rgb = color
        drawn.marker.format.line.fill.background()


def _into(series: Any, element: Any) -> None:
    """``element`` at the place the schema gives error bars: before the data."""
    data = next(child for child in series if child.tag in [qn(tag) for tag in AFTER_TYPE[4:8]])
    data.addprevious(element)


def _error_bars(series: Any, values: Values, low: Values, high: Values, across: bool) -> None:
    """The interval around each value, as distances; nothing where it is not known."""
    below = [_distance(v, edge) for v, edge in zip(values, low, strict=True)]
    above = [_distance(edge, v) for v, edge in zip(values, high, strict=True)]
    bars = _parsed(
        f'<c:errBars xmlns:c="{C}" xmlns:a="{A}">{_direction(across)}<c:errBarType val="both"/>'
        f'<c:errValType val="cust"/><c:noEndCap val="0"/><c:plus>{_numbers(above)}</c:plus>'
        f"<c:minus>{_numbers(below)}</c:minus>{_ink('5B636B', 12700)}</c:errBars>"
    )
    _into(series, bars)


def _direction(across: bool) -> str:
    return '<c:errDir val="x"/>' if across else ""


def _stem(series: Any, color: str) -> None:
    """From the launch's mark down to the axis."""
    stem = _parsed(
        f'<c:errBars xmlns:c="{C}" xmlns:a="{A}"><c:errDir val="y"/><c:errBarType val="minus"/>'
        '<c:errValType val="percentage"/><c:noEndCap val="1"/><c:val val="100"/>'
        f"{_ink(color, 19050, 'dash')}</c:errBars>"
    )
    _into(series, stem)


C = "http://schemas.openxmlformats.org/drawingml/2006/chart"
A = "http://schemas.openxmlformats.org/drawingml/2006/main"


def _ink(color: str, width: int, dash: str = "solid") -> str:
    return (
        f'<c:spPr><a:ln w="{width}"><a:solidFill><a:srgbClr val="{color}"/></a:solidFill>'
        f'<a:prstDash val="{dash}"/></a:ln></c:spPr>'
    )


def _numbers(values: Values) -> str:
    points = "".join(f'<c:pt idx="{k}"><c:v>{v!r}</c:v></c:pt>' for k, v in enumerate(values) if v is not None)
    return f'<c:numLit><c:formatCode>General</c:formatCode><c:ptCount val="{len(values)}"/>{points}</c:numLit>'


def _distance(upper: float | None, lower: float | None) -> float | None:
    return None if upper is None or lower is None else max(upper - lower, 0.0)


def _parsed(xml: str) -> Any:
    return parse_xml(xml)


# --- words in the chart ----------------------------------------------------------------------------------


def _labels(graph: Any, chart: Chart) -> None:
    """At every bar its value; at a line's end its name and value; at a point of a plane its name."""
    drawn = list(graph.plots[0].series)
    if chart.kind == "bar":
        for one in drawn:
            one.data_labels.show_value = True
            one.data_labels.number_format, one.data_labels.number_format_is_linked = chart.number_format, False
            one.data_labels.position = XL_LABEL_POSITION.OUTSIDE_END
            one.data_labels.font.size = Pt(12 if len(chart.categories) * len(drawn) > 12 else FONT)
        return
    places = _apart(chart)
    for k, (one, series) in enumerate(zip(drawn, chart.series, strict=True)):
        known = [n for n, v in enumerate(series.values) if v is not None]
        if series.style == "limit" or not known or (series.style == "points" and chart.kind == "line"):
            continue
        name_only = chart.kind == "plane" or not series.column
        place = XL_LABEL_POSITION.ABOVE if chart.kind == "plane" else places.get(k, XL_LABEL_POSITION.RIGHT)
        _label(one.points[known[-1]], series.color, place, not name_only)


def _apart(chart: Chart) -> dict[int, Any]:
    """Of lines that end near each other, the upper one's label goes above, the lower one's below."""
    if chart.kind == "plane":
        return {}
    last = {
        k: next(v for v in reversed(s.values) if v is not None)
        for k, s in enumerate(chart.series)
        if s.style in ("solid", "dash")
    }
    order = sorted(last, key=lambda k: last[k])
    found: dict[int, Any] = {}
    for low, high in pairwise(order):
        if last[high] - last[low] < 0.07 * (chart.top - chart.low):
            found.setdefault(low, XL_LABEL_POSITION.BELOW)
            found[high] = XL_LABEL_POSITION.ABOVE
    return found


def _label(point: Any, color: str, position: Any, value: bool) -> None:
    label = point.data_label
    label.position = position
    label.font.size, label.font.bold = Pt(13), True
    label.font.color.rgb = RGBColor.from_string({"8A8F94": "5B636B", "B7791F": "7F530F"}.get(color, color))
    one = label._dLbl
    for tag, shown in (("c:showSerName", True), ("c:showVal", value), ("c:showCatName", False)):
        one.find(qn(tag)).set("val", "1" if shown else "0")
    if value:
        apart = OxmlElement("c:separator")
        apart.text = " "
        one.append(apart)


def _place(graph: Graph) -> None:
    """The plot leaves room at its right for the labels at the lines' ends."""
    x, y, w, h = AREA
    layout = _parsed(
        f'<c:layout xmlns:c="{C}"><c:manualLayout><c:layoutTarget val="inner"/><c:xMode val="edge"/>'
        f'<c:yMode val="edge"/><c:x val="{x}"/><c:y val="{y}"/><c:w val="{w}"/><c:h val="{h}"/>'
        "</c:manualLayout></c:layout>"
    )
    area = graph._chartSpace.chart.plotArea
    for old in area.findall(qn("c:layout")):
        area.remove(old)
    area.insert(0, layout)


def _gaps(graph: Graph) -> None:
    """What is not known is a gap, never a zero."""
    chart = graph._chartSpace.chart
    for old in chart.findall(qn("c:dispBlanksAs")):
        old.set("val", "gap")
