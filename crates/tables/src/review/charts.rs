//! Excel's own charts over the cells of a sheet, so that they follow when somebody corrects a number.

use rust_xlsxwriter::{Chart as ExcelChart, ChartEmptyCells, ChartType};

/// In pixels: two fit side by side on a screen.
const WIDTH: u32 = 560;
/// In pixels.
const HEIGHT: u32 = 320;

/// A chart to be drawn.
pub(super) struct Chart {
    kind: ChartType,
    title: String,
    axes: (String, String),
    is_percent: bool,
    /// The column of each, and its name.
    series: Vec<(u16, String)>,
}

impl Chart {
    fn new(kind: ChartType, title: String) -> Chart {
        Chart { kind, title, axes: (String::new(), String::new()), is_percent: false, series: Vec::new() }
    }

    pub(super) fn columns(title: String) -> Chart {
        Chart::new(ChartType::Column, title)
    }

    pub(super) fn stacked(title: String) -> Chart {
        Chart::new(ChartType::ColumnStacked, title)
    }

    pub(super) fn bars(title: String) -> Chart {
        Chart::new(ChartType::Bar, title)
    }

    pub(super) fn lines(title: String) -> Chart {
        Chart::new(ChartType::Line, title)
    }

    /// What the categories are, and what the values are.
    pub(super) fn axes(mut self, categories: String, values: String) -> Chart {
        self.axes = (categories, values);
        self
    }

    /// Values are shares: from nothing to all.
    pub(super) fn percent(mut self) -> Chart {
        self.is_percent = true;
        self
    }

    pub(super) fn series(mut self, column: u16, name: &str) -> Chart {
        self.series.push((column, name.to_owned()));
        self
    }

    pub(super) fn drawn(&self, sheet: &str, categories: u16, (first, last): (u32, u32)) -> ExcelChart {
        let mut chart = ExcelChart::new(self.kind);
        chart.title().set_name(self.title.as_str());
        for (column, name) in &self.series {
            chart
                .add_series()
                .set_name(name.as_str())
                .set_categories((sheet, first, categories, last, categories))
                .set_values((sheet, first, *column, last, *column));
        }
        // Nothing is said of colours alone: a single series needs no legend, several have their names there.
        if self.series.len() == 1 {
            chart.legend().set_hidden();
        }
        chart.x_axis().set_name(self.axes.0.as_str());
        chart.y_axis().set_name(self.axes.1.as_str());
        if matches!(self.kind, ChartType::Bar) {
            // The first row on top, as in the table.
            chart.x_axis().set_reverse();
        }
        if self.is_percent {
            chart.y_axis().set_min(0).set_max(1).set_num_format("0%");
        }
        chart.show_empty_cells_as(ChartEmptyCells::Gaps);
        chart.set_alt_text(self.title.as_str()).set_width(WIDTH).set_height(HEIGHT);
        chart
    }
}
