import IncidentModel

/// A series drawn on the server: values, threshold, and what happened meanwhile.
struct SymptomPlot {
  private static let size = (width: 640, height: 230)
  private static let left = 62.0
  private static let right = 626.0
  private static let top = 30.0
  private static let bottom = 196.0

  let series: SymptomSeries
  let marks: [PlotMark]
  private let points: [SymptomSeries.Point]
  private let time: Scale
  private let height: Scale

  /// A plot up to `end`; `nil` when there is nothing to draw.
  init?(_ series: SymptomSeries, marks: [PlotMark], until end: Timestamp) {
    let points = series.thinned()
    guard let first = points.first, let last = points.last else { return nil }
    self.series = series
    self.points = points
    let begin = min(first.at, marks.map(\.at).min() ?? first.at)
    let finish = max(last.at, end)
    time = .times(from: begin, to: finish, start: Self.left, end: Self.right)
    self.marks = marks.filter { $0.at >= begin && $0.at <= finish }.sorted { $0.at < $1.at }
    let bounds = [series.rule.threshold, series.rule.clearThreshold].filter(SymptomSeries.canBeDrawn)
    height = .values(points.map(\.value) + bounds, start: Self.bottom, end: Self.top)
  }

  /// Writes the drawing, with words for those who don't see it.
  func write(to page: inout HTMLWriter) {
    page.element(
      .svg, [.class("plot"), .viewBox(Self.size.width, Self.size.height), .role("img"), .ariaLabel(summary)]
    ) { svg in
      axes(&svg)
      bound(&svg)
      markers(&svg)
      values(&svg)
    }
  }

  /// What is to be seen, in a sentence.
  private var summary: String {
    let values = points.map(\.value)
    let last = points.last.map { Format.value($0.value, series.unit) } ?? ""
    return "\(series.metric): \(Format.count(series.points.count, "value")) from "
      + "\(Format.value(values.min() ?? 0, series.unit)) to \(Format.value(values.max() ?? 0, series.unit)), "
      + "the latest \(last); trouble is \(series.rule.text)"
  }

  private func axes(_ svg: inout HTMLWriter) {
    svg.element(.g, [.class("axis")]) { svg in
      for tick in height.ticks {
        let y = height(tick)
        svg.element(.line, Self.segment(Self.left, y, Self.right, y)) { _ in }
        svg.element(
          .svgText, [.number(.x, Self.left - 8), .number(.y, y + 4.5), .anchor("end")],
          text: Format.value(tick))
      }
      for tick in time.ticks {
        let x = time(tick)
        svg.element(.line, Self.segment(x, Self.bottom, x, Self.bottom + 5)) { _ in }
        let anchor: StaticString = x > Self.right - 30 ? "end" : "middle"
        svg.element(
          .svgText, [.number(.x, x), .number(.y, Self.bottom + 22), .anchor(anchor)], text: label(of: tick))
      }
    }
  }

  /// A time as short as its scale allows.
  private func label(of tick: Double) -> String {
    let text = Timestamp(seconds: tick).rfc3339
    let span = time.high - time.low
    if span > 4 * 86_400 { return String(text.prefix(10)) }
    if span > 20 * 3600 { return String(text.dropFirst(5).prefix(11)).replacing("T", with: " ") }
    return String(text.dropFirst(11).prefix(span < 300 ? 8 : 5))
  }

  private func bound(_ svg: inout HTMLWriter) {
    let rule = series.rule
    guard SymptomSeries.canBeDrawn(rule.threshold) else { return }
    let y = height(rule.threshold)
    // The side on which the trouble lies.
    switch rule.condition {
    case .above: area(from: Self.top, to: y, &svg)
    case .below: area(from: y, to: Self.bottom, &svg)
    case .equals: break
    }
    svg.element(.line, [Attribute.class("threshold")] + Self.segment(Self.left, y, Self.right, y)) { _ in }
    svg.element(
      .svgText,
      [
        .class("threshold"), .number(.x, Self.right), .number(.y, y < Self.top + 16 ? y + 16 : y - 6),
        .anchor("end"),
      ],
      text: "\(rule.condition.rawValue) \(Format.value(rule.threshold, series.unit))")
  }

  private func area(from top: Double, to bottom: Double, _ svg: inout HTMLWriter) {
    guard bottom > top else { return }
    svg.element(
      .rect,
      [
        .class("trouble"), .number(.x, Self.left), .number(.y, top),
        .number(.width, Self.right - Self.left), .number(.height, bottom - top),
      ]
    ) { _ in }
  }

  /// What happened meanwhile: a line for each moment, its words where there is room.
  private func markers(_ svg: inout HTMLWriter) {
    var free = 0.0
    for mark in marks {
      let x = time(mark.at.seconds)
      svg.element(.line, [Attribute.class("mark")] + Self.segment(x, Self.top - 8, x, Self.bottom)) { _ in }
      let width = Double(mark.text.count) * 9.4
      let isLast = x + width > Self.right
      let start = isLast ? x - width - 4 : x + 4
      guard start >= free else { continue }
      free = start + width + 10
      svg.element(
        .svgText,
        [
          .class("mark"), .number(.x, isLast ? x - 4 : x + 4), .number(.y, Self.top - 12),
          .anchor(isLast ? "end" : "start"),
        ], text: mark.text)
    }
  }

  private func values(_ svg: inout HTMLWriter) {
    var path = PlotPath()
    for (index, point) in points.enumerated() {
      let (x, y) = (time(point.at.seconds), height(point.value))
      if index == 0 { path.move(x, y) } else { path.line(x, y) }
    }
    svg.element(.path, [.class("series"), .path(path)]) { _ in }
    for point in points {
      let isBad = series.rule.isBreached(point.value)
      svg.element(
        .circle,
        [
          .class(point.isCheck ? (isBad ? "check bad" : "check good") : (isBad ? "point bad" : "point good")),
          .number(.cx, time(point.at.seconds)), .number(.cy, height(point.value)),
          .number(.r, point.isCheck ? 4.5 : points.count > 60 ? 2 : 3.2),
        ]
      ) { circle in
        circle.element(
          .title,
          text: "\(Format.value(point.value, series.unit)) at \(Format.moment(point.at))"
            + (point.isCheck ? ", measured after the remedy" : ""))
      }
    }
  }

  private static func segment(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double) -> [Attribute] {
    [.number(.x1, x1), .number(.y1, y1), .number(.x2, x2), .number(.y2, y2)]
  }
}
