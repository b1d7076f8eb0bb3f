"""Pictures written as text, SVG, HTML, LaTeX, DOT and images."""
