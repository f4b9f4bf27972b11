"""Mobile units 移动单元 (两车一机): where they are, who of them is nearest, and what they are given to look at."""
