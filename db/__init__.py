"""The facts, and who may touch them. No Streamlit, no Plotly."""
