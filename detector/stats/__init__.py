"""Pure numbers: baselines, judging, onset and loss. The only home of pandas, scipy and statsmodels."""
