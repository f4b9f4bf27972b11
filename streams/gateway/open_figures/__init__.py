"""The figures that everybody may read 公开数据: of whole months, without small counts."""
