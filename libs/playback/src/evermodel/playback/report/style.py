"""The page's style sheet."""

from evermodel.playback.report.markup import Markup

STYLE = Markup(
    """<style>
:root { color-scheme: light; }
body { margin: 0; background: #f7f8fa; color: #1d2433;
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", sans-serif; }
main { max-width: 1120px; margin: 0 auto; padding: 32px 24px 64px; }
h1 { font-size: 28px; margin: 0; letter-spacing: -.01em; }
h2 { font-size: 17px; margin: 0 0 10px; }
.span, .note, .foot { color: #667085; margin: 4px 0 12px; }
.foot { font: 12px ui-monospace, monospace; overflow-wrap: anywhere; }
section { background: white; border: 1px solid #e4e7ec; border-radius: 10px;
  padding: 18px 20px; margin-top: 18px; }
.chart { overflow-x: auto; }
.chart svg { width: 100%; min-width: 860px; height: auto; display: block; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(120px, 1fr));
  gap: 12px; margin-top: 16px; }
.figure { background: white; border: 1px solid #e4e7ec; border-radius: 10px; padding: 12px 16px; }
.figure b { display: block; font-size: 22px; font-variant-numeric: tabular-nums; }
.figure span { color: #667085; font-size: 13px; }
.legend span { margin-right: 18px; color: #475467; font-size: 13px; white-space: nowrap; }
.legend .key { width: 15px; height: 15px; vertical-align: -3px; margin-right: 5px; }
.grid { stroke: #eaecf0; stroke-width: 1; }
.lane { stroke: #eef0f3; stroke-width: 1; }
svg text { font-size: 12px; fill: #475467; }
svg .tick { fill: #667085; font-size: 11px; }
svg .feature { font-size: 11px; }
svg .on-bar { fill: white; font-weight: 600; font-size: 14px; }
svg .name { font-weight: 600; }
table { width: 100%; border-collapse: collapse; font-size: 14px; }
td { border-top: 1px solid #eef0f3; padding: 7px 12px 7px 0; vertical-align: top; }
td:last-child { overflow-wrap: anywhere; }
tr:first-child td { border-top: 0; }
.time { white-space: nowrap; color: #667085; font-variant-numeric: tabular-nums; }
.kind { white-space: nowrap; font-weight: 600; }
@media (max-width: 640px) {
  main { padding: 20px 10px 40px; }
  section { padding: 14px 12px; }
  tr { display: block; border-top: 1px solid #eef0f3; padding: 8px 0; }
  tr:first-child { border-top: 0; }
  td { display: block; border: 0; padding: 0; }
  .time, .kind { display: inline; padding-right: 10px; }
}
.good { color: #1f7a6d; } .bad { color: #b42318; } .warn { color: #a15c07; }
</style>"""
)
