"""`report.md`: the author's text, and the labels, order, figures and style of the report.

`text.py`          report.md -> title, sections, warnings
`settings.py`      the YAML block at the start of report.md
`variants.py`      labels and order -> the frame of runs
`markdown.py`      Markdown -> tokens: CommonMark with tables, math and comments, without HTML
`safe_tokens.py`   tokens that both formats can show: printable text, links to web addresses, images of the folder
`to_html.py`       tokens -> HTML
`to_typst.py`      tokens -> Typst
`math.py`          a formula -> SVG
`image_files.py`   an image of the study folder -> its content, checked
"""
